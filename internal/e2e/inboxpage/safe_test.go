package inboxpage

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestHostileText shows what a customer's rich text says, and nothing of what it tries. The console must stay silent, too: the
// page's policy would report what it had to stop.
func TestHostileText(t *testing.T) {
	w := newWorld(t, rich).connect()
	link := func(address, text string) string {
		return `<a href="` + address + `" target="_blank" rel="noopener noreferrer nofollow">` + text + `</a>`
	}
	tests := []struct{ name, html, want string }{
		{"styles", `<p>A <b>bold</b>, <em>soft</em> word<br>and a line</p>`, `<p>A <b>bold</b>, <em>soft</em> word<br>and a line</p>`},
		{"lists", `<ul><li>one</li><li>two</li></ul><ol start="3"><li>x</li></ol>`, `<ul><li>one</li><li>two</li></ul><ol start="3"><li>x</li></ol>`},
		{"script", `<script>document.title = "hacked"</script>after`, `after`},
		{"handlers", `<p onclick="steal()" id="messages" class="primary">text</p>`, `<p>text</p>`},
		{"picture that fails", `<img src=x onerror="document.title='hacked'">`, `<span class="picture-away">[Picture]</span>`},
		{"picture elsewhere", `<img src="https://evil.example/p.png" alt="Cat">`,
			`<a class="picture-away" href="https://evil.example/p.png" target="_blank" rel="noopener noreferrer nofollow">Cat (evil.example)</a>`},
		{"the page's own actions", `<img src="/simulator/journal"><img src="simulator/api/state">`, `<span class="picture-away">[Picture]</span><span class="picture-away">[Picture]</span>`},
		{"links", `<a href="https://example.com/a?b=1" onmouseover="x()">go</a>`, link("https://example.com/a?b=1", "go")},
		{"script links", `<a href="javascript:alert(1)">go</a><a href=" jAvA	script:alert(1)">on</a><a href="data:text/html,x">!</a>`, `goon!`},
		{"frames and forms", `<iframe src="https://evil.example"></iframe><form action="/x"><input name=a><button>Go</button></form><object data="x"></object>b`, `b`},
		{"vectors", `<svg><script>alert(1)</script><a href="javascript:x">x</a></svg><math><mi>x</mi></math>c`, `c`},
		{"styles of the page", `<style>body { display: none }</style><link rel="stylesheet" href="https://evil.example/x.css"><meta http-equiv="refresh" content="0;url=https://evil.example">d`, `d`},
		{"broken", `<b>never <i>closed <p title="a>b" style='x'>end`, `<b>never <i>closed <p>end</p></i></b>`},
		{"template", `<template><img src=x onerror=y></template>e`, `e`},
		{"colours", `<p style="color: red; position: fixed; background: url(https://evil.example)">f</p>`, `<p style="color: red;">f</p>`},
		{"size", `<span style="font-size: 4000px; width: 100vw">g</span><span style="font-size: 20px">h</span>`, `g<span style="font-size: 20px;">h</span>`},
		{"quotes", `<p style="color:red" title='a style=\"' onfocus = 'x'>style=1 onclick=2</p>`, `<p style="color: red;">style=1 onclick=2</p>`},
	}
	w.say("Mallory", "Hello")
	for _, tt := range tests {
		w.publishRich("Mallory", tt.html) // the bridge would clean it
	}
	p := w.open("")
	p.openThread("Mallory")
	shown := eval[[]string](p, `Array.from(document.querySelectorAll('[data-testid="text"]'), text => text.innerHTML)`)[1:]
	for i, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, shown[i]); diff != "" {
				t.Errorf("shown (-want +got):\n%s", diff)
			}
		})
	}
	if title := eval[string](p, `document.title`); !strings.Contains(title, "Inbox") {
		t.Errorf("the title is %q", title)
	}
	p.screenshot("hostile")
}

// TestHostilePaste cleans what is pasted before it is in the editor.
func TestHostilePaste(t *testing.T) {
	w, p := ada(t)
	p.write(editor, "Before ")
	eval[bool](p, `(() => {
		const data = new DataTransfer();
		data.setData('text/html', '<p style="color:red" onclick="x()">One <b>bold</b><script>x()</script> <u>word</u> <a href="javascript:x()">link</a></p>');
		return document.querySelector('`+editor+`').dispatchEvent(new ClipboardEvent('paste', {bubbles: true, cancelable: true, clipboardData: data})) || true;
	})()`)
	p.send()
	w.arrived(1)
	messages := w.hubspot.Messages(w.thread("Ada").ID) // the bridge cleans it once more
	if got, want := messages[len(messages)-1].RichText, "<p>Before&nbsp;One <b>bold</b> word link</p>"; got != want {
		t.Errorf("sent %q, want %q", got, want)
	}
}
