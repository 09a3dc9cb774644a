package richtext

import (
	"cmp"
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// start reads a start tag.
func (p *parser) start(t html.Token) {
	if p.top().hidden && leavesSVG(t.Data) {
		if i := p.find("svg", "foreignobject"); i > 0 && p.stack[i].role == svg {
			p.closeAt(i)
		}
	}
	e := newElement(t)
	switch e.tag {
	case "br":
		p.add(run{kind: Break})
	case "hr":
		p.rule()
	case "img":
		p.image(&e)
	case "source":
		p.source(&e)
	case "iframe", "video", "audio", "embed":
		p.embed(p.top(), &e)
		if e.tag != "embed" {
			p.push(e)
		}
	case "tbody", "thead", "tfoot", "colgroup":
		p.closeInTable("tr")
	default:
		// Only tags that HTML does not know can close themselves, such as those of Word.
		if !isVoid(e.tag) && (t.Type != html.SelfClosingTagToken || e.role != span) {
			p.openElement(e)
		}
	}
}

// openElement closes what cannot hold the element and makes its block.
func (p *parser) openElement(e element) {
	switch e.role {
	case span, format, hidden, svg:
	default:
		p.closeTag("p")
	}
	switch e.role {
	case format:
		if e.tag == "a" {
			p.closeTag("a")
		}
		p.push(e)
	case line:
		if e.tag == "dd" || e.tag == "dt" {
			p.closeTag("dd")
			p.closeTag("dt")
		}
		if e.tag == "caption" {
			p.closeInTable("tr")
		}
		p.add(run{kind: softBreak})
		p.push(e)
	case block:
		p.boundary(&e)
		p.push(e)
	case list:
		p.container(e, &Node{Kind: BulletList})
	case item:
		p.closeTag("li")
		p.openItem(e)
	case quote:
		p.container(e, &Node{Kind: Quote})
	case table, row, cell:
		p.openTable(e)
	case pre:
		p.flush()
		p.push(e)
	default:
		p.push(e)
	}
}

// openItem opens an item. One outside of a list continues the list before it, or begins one.
func (p *parser) openItem(e element) {
	p.flush()
	here := p.top()
	if isList(here.into.Kind) {
		p.container(e, &Node{Kind: Item})
		return
	}
	if here.nesting >= maxNesting || len(p.stack) >= maxOpen {
		e.role = line
		p.add(run{kind: softBreak})
		p.push(e)
		return
	}
	around := here.into
	if n := len(around.Children); n == 0 || around.Children[n-1].Kind != BulletList {
		attach(around, &Node{Kind: BulletList})
	}
	into := &Node{Kind: Item}
	attach(around.Children[len(around.Children)-1], into)
	p.push(e)
	p.top().into = into
	p.top().nesting++
}

func (p *parser) openTable(e element) {
	if e.role == table {
		p.container(e, &Node{Kind: Table})
		return
	}
	i := p.find("table")
	if i == 0 {
		p.add(run{kind: softBreak}) // browsers ignore these tags outside of tables
		return
	}
	p.flush()
	if e.role == row {
		p.stack = p.stack[:i+1]
		p.container(e, &Node{Kind: Row})
		return
	}
	if r := p.find("tr"); r > i {
		p.stack = p.stack[:r+1]
	} else {
		p.stack = p.stack[:i+1]
		p.container(element{tag: "tr", role: row}, &Node{Kind: Row})
	}
	p.container(e, &Node{Kind: Cell, Header: e.tag == "th"})
}

// container opens a block that holds blocks. Lists and quotes that are nested too deep become plain text.
func (p *parser) container(e element, n *Node) {
	p.flush()
	deeper := e.role == list || e.role == quote
	if len(p.stack) >= maxOpen || deeper && p.top().nesting >= maxNesting {
		p.push(e)
		return
	}
	if e.tag == "ol" {
		n.Kind, n.Start = NumberedList, e.startNumber()
	}
	attach(p.top().into, n)
	p.push(e)
	p.top().into = n
	if deeper {
		p.top().nesting++
	}
}

func (p *parser) push(e element) {
	if len(p.stack) < maxOpen {
		p.stack = append(p.stack, frame{e, e.within(p.top().state)})
	}
}

// boundary is the edge of a paragraph.
func (p *parser) boundary(e *element) {
	if e.tag == "p" && e.tight() {
		p.add(run{kind: softBreak})
	} else {
		p.flush()
	}
}

// end reads an end tag.
func (p *parser) end(tag string) {
	switch tag {
	case "br":
		p.add(run{kind: Break})
		return
	case "tbody", "thead", "tfoot":
		p.closeInTable("tr")
		return
	}
	if len(tag) == 2 && tag[0] == 'h' && p.top().level > 0 {
		p.closeTag("h1", "h2", "h3", "h4", "h5", "h6") // any of them ends any other
		return
	}
	if !p.closeTag(tag) && tag == "p" {
		p.flush()
	}
}

// find is the index of the innermost open element with one of the tags, or 0.
func (p *parser) find(tags ...string) int {
	for i := len(p.stack) - 1; i > 0; i-- {
		if slices.Contains(tags, p.stack[i].tag) {
			return i
		}
	}
	return 0
}

// closeTag closes the innermost element with one of the tags, but none that is around the table cell or, for items, around
// the list that we are in.
func (p *parser) closeTag(tags ...string) bool {
	role := roleOf(tags[0])
	for i := len(p.stack) - 1; i > 0; i-- {
		f := &p.stack[i]
		if slices.Contains(tags, f.tag) {
			p.closeAt(i)
			return true
		}
		switch {
		case f.role == table, f.tag == "template",
			role != row && role != table && (f.role == cell || f.tag == "caption"),
			role == item && f.role == list,
			role == span && f.role != span && f.role != format:
			return false
		}
	}
	return false
}

func (p *parser) closeInTable(tags ...string) {
	if i := p.find(append(tags, "table")...); i > 0 && p.stack[i].role != table {
		p.closeAt(i)
	}
}

// closeAt closes an open element. Formatting inside it stays open, as in a browser, unless it is a part of a table or is not
// shown. If it is formatting itself, everything inside it stays open.
func (p *parser) closeAt(i int) {
	closing := p.stack[i].element
	p.edges(i)
	above := slices.Clone(p.stack[i+1:])
	p.stack = p.stack[:i]
	switch closing.role {
	case table, row, cell, hidden, svg:
		return
	}
	for _, f := range above {
		if closing.role == format || f.role == format {
			into, nesting := f.into, f.nesting
			p.push(f.element)
			if closing.role == format {
				p.top().into, p.top().nesting = into, nesting
			}
		}
	}
}

// edges ends the lines and paragraphs of the elements that are being closed.
func (p *parser) edges(from int) {
	if p.stack[from].role == format {
		return
	}
	for i := len(p.stack) - 1; i >= from; i-- {
		switch f := &p.stack[i]; f.role {
		case span, format, hidden, svg:
		case line:
			p.add(run{kind: softBreak})
		case block:
			p.boundary(&f.element)
		default:
			p.flush()
		}
	}
}

func (p *parser) rule() {
	p.closeTag("p")
	p.flush()
	if !p.top().hidden {
		attach(p.top().into, &Node{Kind: Rule})
	}
}

func (p *parser) image(e *element) {
	if p.top().hidden || e.within(p.top().state).hidden {
		return
	}
	img, ok := newImage(e)
	switch {
	case !ok:
		p.text(e.attrs["alt"])
	case !e.invisible():
		p.images = append(p.images, img)
		p.add(run{kind: Image, text: img.Alt, src: img.URL.String()})
	}
}

// source is where a <video> comes from if that does not say so itself.
func (p *parser) source(e *element) {
	media := p.top()
	if media.tag != "video" && media.tag != "audio" || media.attrs["src"] != "" || e.attrs["src"] == "" {
		return
	}
	if media.attrs == nil {
		media.attrs = map[string]string{}
	}
	media.attrs["src"] = e.attrs["src"]
	p.embed(&p.stack[len(p.stack)-2], &media.element)
}

// embed makes a link of a video or frame that stands in the element here.
func (p *parser) embed(here *frame, e *element) {
	link := safeURL(e.attrs["src"])
	shown := state{hidden: here.hidden}
	e.attributes(&shown)
	if link == "" || shown.hidden || e.invisible() {
		return
	}
	linked := here.state
	linked.url = link
	p.addAs(here.state, run{kind: softBreak})
	p.addAs(linked, run{kind: Text, text: cmp.Or(oneLine(e.attrs["title"]), link)})
	p.addAs(here.state, run{kind: softBreak})
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
