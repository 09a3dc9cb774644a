package bridge

import (
	"cmp"
	"slices"
	"strings"
)

// connectView is what connect.html shows: a form, a link, or only what is wrong.
type connectView struct {
	Title   string
	Intro   string
	Problem string
	Portal  int64

	Proof  string // empty if there is no form
	Action string
	Fields []fieldView
	Button string

	Link string
	Next string // what the link reads
}

type fieldView struct {
	Field
	Problem string
	Focus   bool
}

// view is the form with what the admin entered, but for passwords. The first that is wrong has the focus.
func (p *popup) view(form *ConnectForm, proof string, wrong problems) *connectView {
	v := &connectView{
		Title: form.Title, Intro: form.Intro, Problem: wrong.above(form), Portal: p.PortalID,
		Proof: proof, Action: p.address(), Button: cmp.Or(form.Button, "Connect"),
	}
	focused := v.Problem != ""
	for _, f := range form.Fields {
		f.Type, f.Autocomplete = cmp.Or(f.Type, "text"), cmp.Or(f.Autocomplete, "off")
		if typed, ok := p.Values[f.Name]; ok && f.Type != "password" {
			f.Value = typed
		}
		shown := fieldView{Field: f, Problem: wrong[f.Name]}
		shown.Focus = shown.Problem != "" && !focused
		focused = focused || shown.Focus
		v.Fields = append(v.Fields, shown)
	}
	return v
}

// above is what is wrong with no field that the form has.
func (p problems) above(form *ConnectForm) string {
	var sentences []string
	for name, sentence := range p {
		if !slices.ContainsFunc(form.Fields, func(f Field) bool { return f.Name == name }) {
			sentences = append(sentences, sentence)
		}
	}
	slices.Sort(sentences)
	return strings.Join(sentences, " ")
}

// Blank reports whether a select offers to choose nothing: to begin with, or because that is a choice.
func (f fieldView) Blank() bool { return !f.Required || !f.offers(f.Value) }

// DescribedBy are the ids of what a screen reader reads of the field besides its label.
func (f fieldView) DescribedBy() string {
	var ids []string
	if f.Problem != "" {
		ids = append(ids, "problem-"+f.Name)
	}
	if f.Help != "" {
		ids = append(ids, "help-"+f.Name)
	}
	return strings.Join(ids, " ")
}
