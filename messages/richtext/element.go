package richtext

import (
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/html"
)

// role says what an element does to the text around it.
type role int

const (
	span   role = iota // every element that is not in roleOf: only its attributes count
	format             // changes the look of text, and stays open when the block around it ends
	line               // stands on lines of its own
	block              // stands in paragraphs of its own
	pre
	list
	item
	quote
	table
	row
	cell
	hidden
	svg
)

func roleOf(tag string) role {
	switch tag {
	case "a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u":
		return format
	case "address", "article", "aside", "body", "caption", "center", "dd", "details", "dialog", "div", "dl", "dt", "fieldset",
		"figcaption", "figure", "footer", "form", "header", "hgroup", "html", "legend", "main", "nav", "option", "search",
		"section", "summary":
		return line
	case "p", "h1", "h2", "h3", "h4", "h5", "h6":
		return block
	case "pre", "listing", "xmp", "plaintext":
		return pre
	case "ul", "ol", "menu", "dir":
		return list
	case "li":
		return item
	case "blockquote":
		return quote
	case "table":
		return table
	case "tr":
		return row
	case "td", "th":
		return cell
	case "audio", "canvas", "datalist", "iframe", "noembed", "noframes", "script", "style", "template", "title", "video":
		return hidden
	case "svg":
		return svg
	}
	return span
}

func isVoid(tag string) bool {
	switch tag {
	case "area", "base", "basefont", "bgsound", "br", "col", "embed", "frame", "hr", "img", "input", "keygen", "link", "meta",
		"param", "source", "track", "wbr":
		return true
	}
	return false
}

// element is a start tag with what its attributes ask for.
type element struct {
	tag   string
	role  role
	attrs map[string]string
}

func newElement(t html.Token) element {
	e := element{tag: t.Data, role: roleOf(t.Data)}
	for _, a := range t.Attr {
		switch a.Key {
		case "align", "alt", "class", "color", "face", "height", "hidden", "href", "size", "src", "start", "style", "title", "width":
			if e.attrs == nil {
				e.attrs = map[string]string{}
			}
			if _, twice := e.attrs[a.Key]; !twice {
				e.attrs[a.Key] = a.Val
			}
		}
	}
	return e
}

// tight reports whether a <p> follows the one before it without a gap, as a line of Outlook does.
func (e *element) tight() bool {
	if strings.HasPrefix(e.attrs["class"], "Mso") {
		return true
	}
	tight := false
	declarations(e.attrs["style"], func(property, value string) {
		if property != "margin" && property != "margin-bottom" {
			return
		}
		bottom := value
		if sides := strings.Fields(value); len(sides) > 2 {
			bottom = sides[2]
		} else if len(sides) > 0 {
			bottom = sides[0]
		}
		tight = strings.TrimRight(bottom, "pxtcmein") == "0"
	})
	return tight
}

// within is the state inside an element, given that around it.
func (e *element) within(s state) state {
	switch e.tag {
	case "b", "strong":
		s.bold = true
	case "i", "em", "cite", "dfn", "var":
		s.italic = true
	case "u", "ins":
		s.underline = true
	case "s", "strike", "del":
		s.strike = true
	case "code", "kbd", "samp", "tt":
		s.code = true
	case "mark":
		s.style.Highlight = "#ffff00"
	case "center":
		s.align = "center"
	case "h1", "h2", "h3", "h4", "h5", "h6":
		s.level = int(e.tag[1] - '0')
	case "a":
		s.url = safeURL(e.attrs["href"])
	}
	switch e.role {
	case pre:
		s.pre, s.level = true, 0
	case list, item, quote, cell:
		s.level, s.pre, s.lines = 0, false, false
	case hidden, svg:
		s.hidden = true
	}
	if len(e.attrs) > 0 {
		e.attributes(&s)
	}
	return s
}

func (e *element) attributes(s *state) {
	if align, ok := e.attrs["align"]; ok && e.tag != "table" {
		s.align = cssAlign(align)
	}
	if e.tag == "font" {
		set(&s.style.Color, cssColor(e.attrs["color"]))
		set(&s.style.Size, fontSize(e.attrs["size"]))
		set(&s.style.Font, cssFonts(e.attrs["face"]))
	}
	if _, ok := e.attrs["hidden"]; ok {
		s.hidden = true
	}
	declarations(e.attrs["style"], func(property, value string) { declare(s, property, value) })
}

func set(field *string, value string) {
	if value != "" {
		*field = value
	}
}

func declare(s *state, property, value string) {
	word := strings.ToLower(value)
	switch property {
	case "font-weight":
		weight, _ := strconv.Atoi(word)
		s.bold = word == "bold" || word == "bolder" || weight >= 600
	case "font-style":
		s.italic = word == "italic" || word == "oblique"
	case "text-decoration", "text-decoration-line":
		s.underline = (s.underline || strings.Contains(word, "underline")) && word != "none"
		s.strike = (s.strike || strings.Contains(word, "line-through")) && word != "none"
	case "color":
		set(&s.style.Color, cssColor(value))
	case "background-color", "background":
		set(&s.style.Highlight, cssColor(value))
	case "font-size":
		set(&s.style.Size, cssSize(value))
	case "font-family":
		set(&s.style.Font, cssFonts(value))
	case "text-align":
		s.align = cssAlign(value)
	case "white-space":
		s.lines = strings.HasPrefix(word, "pre") || word == "break-spaces"
	case "display":
		s.hidden = s.hidden || word == "none"
	case "mso-hide":
		s.hidden = s.hidden || word == "all"
	}
}

func (e *element) startNumber() int {
	n, err := strconv.Atoi(strings.TrimSpace(e.attrs["start"]))
	if err != nil {
		return 1
	}
	return min(max(n, 0), 999999)
}

// leavesSVG tells the tags that cannot be inside a drawing: browsers end it there, so what follows is seen.
func leavesSVG(tag string) bool {
	if tag == "br" || tag == "img" || tag == "hr" || tag == "span" {
		return true
	}
	return slices.Contains([]role{line, block, pre, list, item, quote, table}, roleOf(tag)) ||
		roleOf(tag) == format && tag != "a" && tag != "font"
}
