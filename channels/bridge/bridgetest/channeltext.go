package bridgetest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/customchannels/customchannels-go/channels/bridge"
)

// longText is longer than most services take at once.
var longText = func() string {
	var b strings.Builder
	for n := 0; b.Len() < 9990; n++ {
		fmt.Fprintf(&b, "word%04d ", n)
	}
	return b.String() + "The end."
}()

var textRules = []channelRule{
	textRule("emoji", "Thanks 👍🏽 from the whole family 👨‍👩‍👧‍👦 in 🇵🇹!"),
	textRule("right to left", "שלום, ההזמנה 12345 בדרך. \u200fمرحبا بكم!"),
	textRule("many scripts", "Ünïcödé – 日本語のテキスト, Ελληνικά, हिन्दी, e\u0301 ﷽ \U0001d518"),
	textRule("NUL and control characters", "before\x00after\a\b\x1b[31mred\u2028line\r\nend"),
	textRule("10,000 characters", longText),
	textRule("one long word", strings.Repeat("w", 10000)),
	textRule("only spaces", " \t \n "),
	textRule("looks like HTML", `If 1 < 2 && "3" > '2' then <b>bold</b> &amp; <script>alert(1)</script> </p>`),
	textRule("looks like Markdown", "*not bold* _nor_ [a link](https://example.com) `code` 2*3*4 snake_case_name \\ # > - |"),
	textRule("looks like a template", "{{.Secret}} %s %d ${HOME} $1 {0} '; DROP TABLE x; --"),
}

// textRule sends a text that services have stumbled over.
func textRule(name, text string) channelRule {
	return channelRule{
		name: "text/" + name,
		why: "agents write and paste all kinds of texts: one that the service cannot take is answered with bridge.Reject, since " +
			"after any other error it blocks its conversation for a day; all others have to arrive as they are",
		test: func(p *channelProbe) {
			f := p.send(letter{text: text})
			if f.status == "FAILED" {
				p.rejected(f)
				return
			}
			p.sent(f)
			p.arrived(text)
		},
	}
}

// arrived checks that all of a text has reached the customer.
func (p *channelProbe) arrived(text string) {
	p.t.Helper()
	if p.o.Delivered == nil {
		return
	}
	var got strings.Builder
	for _, d := range p.o.Delivered(p.t) {
		got.WriteString(d.Text)
	}
	if at := missing(text, got.String()); at >= 0 {
		p.fatalf("%q (%d characters) was reported as SENT, but the service got %q (%d characters): it lacks what begins with %q",
			short(text), len([]rune(text)), short(got.String()), len([]rune(got.String())), short(string([]rune(text)[at:])))
	}
}

// missing returns the place of the first visible character of want that got lacks, or -1. More may be in got, such as the
// numbers of the pages that a long text was cut into.
func missing(want, got string) int {
	left := []rune(got)
	for at, r := range []rune(want) {
		if !visible(r) {
			continue
		}
		i := slices.Index(left, r)
		if i < 0 {
			return at
		}
		left = left[i+1:]
	}
	return -1
}

// visible leaves out what services drop or compose anew without harm.
func visible(r rune) bool {
	return unicode.IsGraphic(r) && !unicode.IsSpace(r) && !unicode.Is(unicode.M, r)
}

func short(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return s
}

var deliveredRules = []channelRule{
	{
		name: "delivered/when Send returns",
		why: "nil means that the service has taken the message: the agent sees it as SENT, and the bridge forgets it. What waits " +
			"in a queue of the channel's own is lost when the process dies",
		test: func(p *channelProbe) {
			p.sent(p.send(letter{text: "Hello, how can I help you?"}))
			p.arrived("Hello, how can I help you?")
		},
	}, {
		name: "delivered/to the customer",
		why:  "To says whom a message is for",
		test: func(p *channelProbe) {
			for n, to := range p.o.Customers[:3] {
				p.sent(p.send(letter{text: "Hello", thread: fmt.Sprint("thread-", n), to: p.o.Customers[n : n+1]}))
				got := p.o.Delivered(p.t)
				if len(got) == 0 || got[len(got)-1].To != to.Value {
					p.fatalf("a message to %s was reported as SENT, but the last that the service got is %+v", to.Value, got)
				}
			}
		},
	}, {
		name: "delivered/once after a crash",
		why:  whyOnce,
		test: func(p *channelProbe) { p.once(letter{text: "Hello"}) },
	}, {
		name: "delivered/long text once after a crash",
		why:  whyOnce,
		test: func(p *channelProbe) { p.once(letter{text: longText}) },
	}, {
		name: "delivered/the same text twice",
		why:  "an agent may write the same again on purpose: only the ID tells a repetition",
		test: func(p *channelProbe) {
			p.sent(p.send(letter{text: "Hello?"}))
			first := len(p.o.Delivered(p.t))
			p.sent(p.send(letter{text: "Hello?"}))
			if second := len(p.o.Delivered(p.t)); second <= first {
				p.fatalf("of two messages with the same text, both reported as SENT, the service got one")
			}
		},
	}, {
		name: "delivered/in order",
		why:  "the bridge sends one message of a conversation after the other, and the customer reads them in that order",
		test: func(p *channelProbe) {
			var all string
			for n := range 5 {
				text := fmt.Sprintf("Message number %d.", n)
				p.post(letter{text: text})
				all += text
			}
			p.work()
			p.arrived(all)
		},
	}, {
		name: "delivered/all of many at once",
		why:  "conversations that are sent at the same time must not get into each other's way",
		test: func(p *channelProbe) {
			testAtOnce(p)
			for n := range manyAtOnce {
				text, to := fmt.Sprint("Hello ", n), p.o.Customers[n%len(p.o.Customers)].Value
				if !slices.ContainsFunc(p.o.Delivered(p.t), func(d Delivery) bool { return d.To == to && missing(text, d.Text) < 0 }) {
					p.fatalf("%q to %s was reported as SENT, but the service got %+v", text, to, p.o.Delivered(p.t))
				}
			}
		},
	},
}

const whyOnce = "after a crash the bridge calls Send again for what the customer may have: pass Outgoing.ID to the service if it " +
	"recognises repetitions, or note each call to it with Outgoing.Delivered and ask WasDelivered first"

// once checks that a message is delivered once, although the process dies after Send.
func (p *channelProbe) once(l letter) {
	p.t.Helper()
	stop := p.store.dieAfterSend()
	f := p.send(l)
	stop()
	if f.passage.err != nil {
		p.fatalf("the first Send returned the error %v", f.passage.err)
	}
	first := p.o.Delivered(p.t)
	p.sentAgain(f.id)
	p.equal("what the service has got after the second Send of the message", p.o.Delivered(p.t), first)
}

var richTextRules = []channelRule{
	richTextRule("every kind of format", `<div dir="auto"><p><b>Bold</b>, <i>italic</i>, <u>underlined</u>, <span style="color:#ff0000;`+
		`background-color:#ffff00;font-size:18px;font-family:serif">coloured</span></p><blockquote>Quoted</blockquote><ul><li>One</li>`+
		`<li>Two<ol><li>Nested</li></ol></li></ul><p style="text-align:center"><a href="https://example.com/?a=1&amp;b=2">A link</a><br>`+
		`next line</p></div>`, "Bold, italic, underlined, coloured Quoted One Two Nested A link next line"),
	richTextRule("special characters", `<p>1 &lt; 2 &amp;&amp; 3 &gt; 2 *_~&#96; &quot;x&quot;&nbsp;👍🏽</p>`,
		"1 < 2 && 3 > 2 *_~` \"x\"\u00a0👍🏽"),
	richTextRule("odd HTML", `<p>Open <b>never closed <foo bar=baz>unknown</foo><script>alert(1)</script><p></p><!-- comment --> </i> end`,
		"Open never closed unknown end"),
	richTextRule("long", "<p><b>"+longText+"</b></p>", longText),
}

// richTextRule sends a text with its format.
func richTextRule(name, html, text string) channelRule {
	return channelRule{
		name: "rich text/" + name,
		why:  "the channel declares rich text, so agents format what they write; what the service cannot show is left out, not refused",
		test: func(p *channelProbe) {
			p.sent(p.send(letter{text: text, rich: html}))
			p.arrived(text)
		},
	}
}

var inlineImageRules = []channelRule{
	{
		name: "rich text/picture in the text",
		why:  "the channel declares pictures in the text: Outgoing.Media has them, each with the address that it has in the RichText",
		test: func(p *channelProbe) {
			picture := newFile("cat.png", "cat.png", "image/png", 2000)
			picture.inline, picture.content = true, append([]byte("\x89PNG\r\n\x1a\n"), picture.content...)
			html := `<p>Look: <img src="` + hubspotURL + `/content/cat.png" alt="cat"></p>`
			var media int
			p.gate.onEnter(func(ctx context.Context, m *bridge.Outgoing) context.Context { media = len(m.Media); return ctx })
			p.sent(p.send(letter{text: "Look:", rich: html, files: []*file{picture}}))
			p.equal("how many files Send was given", media, 1)
			p.filesArrived(picture)
		},
	},
}
