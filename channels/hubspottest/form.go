package hubspottest

import (
	"bytes"
	"cmp"
	"context"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// form is an HTML form with the values it would send as it stands.
type form struct {
	action  string
	method  string
	enctype string
	values  url.Values
	missing []string // required fields without a value
}

// findForm returns the first form of a page, or nil.
func findForm(root *html.Node, base *url.URL) *form {
	node := find(root, func(n *html.Node) bool { return n.DataAtom == atom.Form })
	if node == nil {
		return nil
	}
	f := &form{
		action:  base.String(),
		method:  strings.ToUpper(cmp.Or(attr(node, "method"), http.MethodGet)),
		enctype: strings.ToLower(attr(node, "enctype")),
		values:  url.Values{},
	}
	if to, err := base.Parse(attr(node, "action")); err == nil {
		f.action = to.String()
	}
	pressed := false
	for n := range node.Descendants() {
		if name := attr(n, "name"); name != "" && !has(n, "disabled") {
			f.take(n, name, &pressed)
		}
	}
	return f
}

// take adds the value of a field, as a browser would.
func (f *form) take(n *html.Node, name string, pressed *bool) {
	value, filled := attr(n, "value"), true
	switch n.DataAtom {
	case atom.Select:
		value, filled = selected(n)
	case atom.Textarea:
		value = strings.TrimPrefix(text(n), "\n")
	case atom.Button, atom.Input:
		switch kind := strings.ToLower(attr(n, "type")); {
		case n.DataAtom == atom.Button && kind == "" || kind == "submit":
			// The first button is the one that is pressed.
			filled, *pressed = !*pressed, true
		case kind == "button" || kind == "reset" || kind == "image" || kind == "file":
			filled = false
		case kind == "checkbox" || kind == "radio":
			value, filled = cmp.Or(value, "on"), has(n, "checked")
			if !filled && kind == "radio" {
				return
			}
		}
	default:
		return
	}
	if has(n, "required") && (!filled || value == "") {
		f.missing = append(f.missing, name)
	}
	if filled {
		f.values.Add(name, value)
	}
}

// selected is the chosen option of a select: the marked one, or the first.
func selected(n *html.Node) (value string, ok bool) {
	for o := range n.Descendants() {
		if o.DataAtom == atom.Option && (!ok || has(o, "selected")) {
			ok = true
			if value = attr(o, "value"); !has(o, "value") {
				value = strings.TrimSpace(text(o))
			}
			if has(o, "selected") {
				return value, true
			}
		}
	}
	return value, ok
}

// request is what submitting the form sends.
func (f *form) request(ctx context.Context) (*http.Request, error) {
	if f.method != http.MethodPost {
		u, err := url.Parse(f.action)
		if err != nil {
			return nil, err
		}
		u.RawQuery = f.values.Encode()
		return http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	}
	body, kind := bytes.NewBufferString(f.values.Encode()), "application/x-www-form-urlencoded"
	if f.enctype == "multipart/form-data" {
		body.Reset()
		parts := multipart.NewWriter(body)
		for name, values := range f.values {
			for _, value := range values {
				if err := parts.WriteField(name, value); err != nil {
					return nil, err
				}
			}
		}
		if err := parts.Close(); err != nil {
			return nil, err
		}
		kind = parts.FormDataContentType()
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, f.action, body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", kind)
	return req, nil
}

func find(root *html.Node, match func(*html.Node) bool) *html.Node {
	for n := range root.Descendants() {
		if n.Type == html.ElementNode && match(n) {
			return n
		}
	}
	return nil
}

func has(n *html.Node, key string) bool {
	for _, a := range n.Attr {
		if a.Key == key {
			return true
		}
	}
	return false
}

func attr(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

func text(n *html.Node) string {
	var b strings.Builder
	for t := range n.Descendants() {
		if t.Type == html.TextNode && t.Parent.DataAtom != atom.Script && t.Parent.DataAtom != atom.Style {
			b.WriteString(t.Data)
		}
	}
	return b.String()
}

// alertText is what a page says went wrong, if it marks that for readers of
// screens.
func alertText(root *html.Node) string {
	n := find(root, func(n *html.Node) bool { return attr(n, "role") == "alert" })
	if n == nil {
		return ""
	}
	return strings.Join(strings.Fields(text(n)), " ")
}

// pageText is the beginning of a page's text.
func pageText(root *html.Node, most int) string {
	body := find(root, func(n *html.Node) bool { return n.DataAtom == atom.Body })
	if body == nil {
		return ""
	}
	all := []rune(strings.Join(strings.Fields(text(body)), " "))
	if len(all) > most {
		return string(all[:most]) + "…"
	}
	return string(all)
}
