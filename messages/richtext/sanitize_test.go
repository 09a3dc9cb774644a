package richtext_test

import (
	"html"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/customchannels/customchannels-go/messages/richtext"
)

// TestFeatures declares one feature at a time for a text that uses all of them.
func TestFeatures(t *testing.T) {
	const all = `<p align=center><b>b</b><i>i</i><u>u</u><font color=red style="background:#0f0;font-size:14px;font-family:Arial">s</font>` +
		`<a href=https://x.example>l</a></p><ol start=2><li>one</ol><blockquote>q</blockquote>`
	const text, list, quote = "bius" + "l (https://x.example)", "<p>2. one</p>", "<p>&gt; q</p>"
	for feature, want := range map[string]string{
		"":                     "<p>" + text + "</p>" + list + quote,
		"UNKNOWN":              "<p>" + text + "</p>" + list + quote,
		"BLOCKQUOTE":           "<p>" + text + "</p>" + list + "<blockquote><p>q</p></blockquote>",
		"BOLD":                 "<p><strong>b</strong>iusl (https://x.example)</p>" + list + quote,
		"FONT_SIZE":            `<p>biu<span style="font-size: 14px">s</span>l (https://x.example)</p>` + list + quote,
		"FONT_STYLE":           `<p>biu<span style="font-family: Arial">s</span>l (https://x.example)</p>` + list + quote,
		"HYPERLINK":            `<p>bius<a href="https://x.example">l</a></p>` + list + quote,
		"ITALIC":               "<p>b<em>i</em>usl (https://x.example)</p>" + list + quote,
		"LISTS":                "<p>" + text + `</p><ol start="2"><li>one</li></ol>` + quote,
		"TEXT_ALIGNMENT":       `<p style="text-align: center">` + text + "</p>" + list + quote,
		"TEXT_COLOR":           `<p>biu<span style="color: #ff0000">s</span>l (https://x.example)</p>` + list + quote,
		"TEXT_HIGHLIGHT_COLOR": `<p>biu<span style="background-color: #00ff00">s</span>l (https://x.example)</p>` + list + quote,
		"UNDERLINE":            "<p>bi<u>u</u>sl (https://x.example)</p>" + list + quote,
	} {
		if diff := cmp.Diff(want, richtext.Sanitize(all, []string{feature})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", feature, diff)
		}
	}
}

// TestLinks: want is the URL that is let through, or "" for none.
func TestLinks(t *testing.T) {
	for href, want := range map[string]string{
		"https://x.example/a?b=1&c=2#d":  "https://x.example/a?b=1&c=2#d",
		"HTTPS://X.example":              "https://X.example",
		" \n https://x.example/\ta \x01": "https://x.example/a",
		"//x.example/a":                  "https://x.example/a",
		"www.x.example/a":                "https://www.x.example/a",
		"https://x.example/a b\"<>'`":    "https://x.example/a%20b%22%3C%3E%27%60",
		"https://x.example/50%off":       "https://x.example/50%25off",
		"https://x.example/%C3%BC/ü":     "https://x.example/%C3%BC/ü",
		"https://x.example/\u202egpj":    "https://x.example/%E2%80%AEgpj",
		"https://user:pw@x.example:8080": "https://user:pw@x.example:8080",
		"http://[::1]/":                  "http://[::1]/",
		"mailto:ada@x.example?subject=a": "mailto:ada@x.example?subject=a",
		"tel:+49-30-123":                 "tel:+49-30-123",

		"":                              "",
		"#top":                          "",
		"/relative":                     "",
		"relative":                      "",
		"http://":                       "",
		"https:x.example":               "",
		`https:\\x.example`:             "",
		"https://x example":             "",
		"mailto:":                       "",
		"mailto://x":                    "",
		"javascript:alert(1)":           "",
		"JavaScript:alert(1)":           "",
		"java\nscript:alert(1)":         "",
		"java\tscript:alert(1)":         "",
		"\x01javascript:alert(1)":       "",
		"java\x00script:alert(1)":       "",
		"\u00a0javascript:alert(1)":     "",
		"javascript://x.example/%0aa()": "",
		"data:text/html,x":              "",
		"vbscript:x":                    "",
		"file:///etc/passwd":            "",
		"blob:https://x.example/1":      "",
		"ftp://x.example":               "",
		"intent://x#Intent;end":         "",
		"tg://user?id=1":                "",
	} {
		got := ""
		for _, block := range richtext.Parse(`<a href="` + html.EscapeString(href) + `">label</a>`).Children {
			got = block.Children[0].URL
		}
		if got != want {
			t.Errorf("%q becomes %q, want %q", href, got, want)
		}
	}
}

func TestStyles(t *testing.T) {
	for css, want := range map[string]richtext.Style{
		"color:#F80":                                   {Color: "#ff8800"},
		"COLOR : #ff7A59 ! important":                  {Color: "#ff7a59"},
		"color: rgb(1, 2,3)":                           {Color: "#010203"},
		"color: rgba(255 0 0 / 50%)":                   {Color: "#ff0000"},
		"color: rgba(0,0,0,0)":                         {},
		"color: rgb(256,0,0)":                          {},
		"color: windowtext":                            {},
		"color: #12345":                                {},
		"color: expression(alert(1))":                  {},
		"color: red; color: nonsense":                  {Color: "#ff0000"},
		"background: yellow":                           {Highlight: "#ffff00"},
		"background: url(https://x.example/a;color:b)": {},
		"background-color: transparent":                {},
		"font-size: 10.555pt":                          {Size: "10.56pt"},
		"font-size: 5px":                               {},
		"font-size: 97px":                              {},
		"font-size: 1e9px":                             {},
		"font-size: NaNpx":                             {},
		"font-size: 2em":                               {},
		"font-family: 'Segoe UI', Arial,sans-serif":    {Font: "Segoe UI, Arial, sans-serif"},
		"font-family: 'a;color:red', b":                {Font: "b"},
		"font-family: 3D, var(--x), Times New Roman":   {Font: "Times New Roman"},
		"position: fixed; behavior: url(x)":            {},
		"color":                                        {},
		"color: red; x:'; font-size: 14px":             {Color: "#ff0000"},
	} {
		got := richtext.Style{}
		for _, n := range richtext.Parse(`<span style="` + html.EscapeString(css) + `">x</span>`).Children[0].Children {
			got = n.Style
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", css, diff)
		}
	}
}
