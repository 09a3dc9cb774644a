package richtext

import (
	"strings"

	"golang.org/x/net/html"
)

const (
	// maxHTML bounds the work for one message.
	maxHTML = 1 << 20
	// maxOpen is how many elements may be open at once. Deeper tags are ignored, their text is not.
	maxOpen = 256
	// maxNesting is how deep lists and quotes may be nested, so that what each level puts before a line stays short.
	maxNesting = 8
)

// Parse reads HTML as HubSpot sends it in richText, or any other HTML: that of mail programs and chats, whole pages, broken
// tags. It never fails, and what a person would see in a browser is in the tree. What is hidden (scripts, styles, comments,
// display:none, tracking pixels) is not.
//
// Videos and other embedded frames become links. Links to anything but http, https, mailto and tel become their text, and
// images that are not on the web become their alternative text. HTML beyond 1 MiB is ignored.
//
// The time is linear in the length of the HTML.
func Parse(text string) *Node { return parse(text).doc }

func parse(text string) *parser {
	text = strings.ToValidUTF8(text[:min(len(text), maxHTML)], "\ufffd")
	doc := &Node{Kind: Document}
	p := &parser{doc: doc, links: 4*len(text) + 4096}
	p.stack = []frame{{state: state{into: doc}}}
	z := html.NewTokenizer(strings.NewReader(text))
	for z.Next() != html.ErrorToken {
		switch t := z.Token(); t.Type {
		case html.TextToken:
			p.text(t.Data)
		case html.StartTagToken, html.SelfClosingTagToken:
			if t.Data == "noscript" {
				z.NextIsNotRawText() // the services that get the text run no scripts
			}
			p.start(t)
		case html.EndTagToken:
			p.end(t.Data)
		}
	}
	p.flush()
	doc.Children = tidy(doc.Children)
	return p
}

// parser builds the tree. It keeps its own stack of open elements instead of using [html.Parse], which copies open
// formatting into every block and so can be made to take hundreds of times the memory of its input.
type parser struct {
	doc    *Node
	stack  []frame // the elements that are open, below them the document
	runs   []run   // text that is not in the tree yet
	shape  shape   // of that text
	links  int     // bytes of links that may still go into the tree
	images []InlineImage
}

type frame struct {
	element
	state
}

// state is what holds for text inside an element.
type state struct {
	marks
	shape
	into    *Node // the block that takes paragraphs
	nesting int   // of lists and quotes
	hidden  bool
	lines   bool // white space keeps its line breaks
}

// shape is what is the same for a whole paragraph.
type shape struct {
	align string
	level int // of a heading
	pre   bool
}

func (p *parser) top() *frame { return &p.stack[len(p.stack)-1] }

func (p *parser) text(s string) {
	if p.top().hidden {
		return
	}
	if p.top().lines && !p.top().pre {
		for i, line := range strings.Split(s, "\n") {
			if i > 0 {
				p.add(run{kind: Break})
			}
			p.add(run{kind: Text, text: line})
		}
		return
	}
	p.add(run{kind: Text, text: s})
}

// add appends a run with the marks that hold here.
func (p *parser) add(r run) { p.addAs(p.top().state, r) }

func (p *parser) addAs(s state, r run) {
	if s.hidden {
		return
	}
	// White space and line ends belong to whichever paragraph is there, so they begin none of another shape.
	if s.shape != p.shape && (s.pre || r.kind == Image || r.kind == Text && strings.ContainsFunc(r.text, stays)) {
		p.flush()
		p.shape = s.shape
	}
	r.marks = s.marks
	if r.url != "" {
		// Programs colour and underline links of themselves; doing it twice only gets in the way.
		r.underline, r.style.Color = false, ""
	}
	if p.shape.level > 0 {
		r.bold = false
	}
	p.runs = append(p.runs, r)
}

// flush ends the paragraphs that are being read.
func (p *parser) flush() {
	runs := p.runs
	p.runs = nil
	if len(runs) == 0 {
		return
	}
	into := p.top().into
	if p.shape.pre {
		if code := codeText(runs); code != "" {
			attach(into, &Node{Kind: CodeBlock, Text: code})
		}
		return
	}
	for _, lines := range paragraphs(runs) {
		n := &Node{Kind: Paragraph, Align: p.shape.align, Children: nest(p.limitLinks(lines))}
		if p.shape.level > 0 {
			n.Kind, n.Level = Heading, p.shape.level
		}
		attach(into, n)
	}
}

// limitLinks counts the links of a paragraph. Each paragraph inside one <a> repeats its URL, so a long URL around very many
// of them would take quadratic space.
func (p *parser) limitLinks(runs []run) []run {
	for i := range runs {
		if i == 0 || runs[i].url != runs[i-1].url {
			p.links -= len(runs[i].url)
		}
		if p.links < 0 {
			runs[i].url = ""
		}
	}
	return runs
}

// attach adds a block where HTML may have put it wrongly: a list holds nothing but items.
func attach(into, n *Node) {
	if isList(into.Kind) && n.Kind != Item {
		if last := len(into.Children) - 1; last < 0 || !isList(n.Kind) {
			into.Children = append(into.Children, &Node{Kind: Item})
		}
		into = into.Children[len(into.Children)-1]
	}
	into.Children = append(into.Children, n)
}

func isList(k Kind) bool { return k == BulletList || k == NumberedList }

// codeText is the text of a <pre>, with links spelled out, for nothing inside code can be marked up.
func codeText(runs []run) string {
	var b strings.Builder
	for i, r := range spellLinks(runs, func(string) bool { return true }) {
		switch r.kind {
		case softBreak:
			if b.Len() > 0 && !strings.HasSuffix(b.String(), "\n") {
				b.WriteByte('\n')
			}
		case Break:
			b.WriteByte('\n')
		default:
			text := strings.Map(func(r rune) rune {
				if dropped(r) && r != '\n' && r != '\t' {
					return -1
				}
				return r
			}, r.text)
			if i == 0 {
				text = strings.TrimPrefix(text, "\n") // as browsers do after <pre>
			}
			b.WriteString(text)
		}
	}
	code := strings.TrimRight(b.String(), " \t\n\u00a0")
	if !strings.ContainsFunc(code, visible) {
		return ""
	}
	return code
}
