package bridge

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// proofField is the name of the page's own hidden field; see [step].
const proofField = "proof"

var fieldTypes = []string{"", "text", "password", "email", "tel", "url", "select"}

// check reports what of a form cannot be shown.
func (f *ConnectForm) check() error {
	if f == nil {
		return errors.New("the channel gave no form")
	}
	seen := map[string]bool{"": true, proofField: true}
	for i := range f.Fields {
		field := &f.Fields[i]
		if seen[field.Name] {
			return fmt.Errorf("field %d of the form: the name %q is empty, taken or reserved", i+1, field.Name)
		}
		seen[field.Name] = true
		if !slices.Contains(fieldTypes, field.Type) {
			return fmt.Errorf("field %s of the form: the type %q is none of %q", field.Name, field.Type, fieldTypes[1:])
		}
		if _, err := field.pattern(); err != nil {
			return fmt.Errorf("field %s of the form: %w", field.Name, err)
		}
	}
	return nil
}

func (f *Field) pattern() (*regexp.Regexp, error) { return regexp.Compile(`\A(?:` + f.Pattern + `)\z`) }

// read takes the form's values out of what was posted, and says what is wrong with them.
func (f *ConnectForm) read(posted url.Values) (values map[string]string, wrong problems) {
	values, wrong = map[string]string{}, problems{}
	for i := range f.Fields {
		field := &f.Fields[i]
		value := posted.Get(field.Name)
		if field.Type != "password" {
			value = strings.TrimSpace(value)
		}
		values[field.Name] = value
		if sentence := field.problem(value); sentence != "" {
			wrong[field.Name] = sentence
		}
	}
	return values, wrong
}

// problem is the sentence about a value that cannot be, empty if it can. Browsers see to most of it themselves.
func (f *Field) problem(value string) string {
	switch {
	case strings.TrimSpace(value) == "" && !f.Required:
		return ""
	case strings.TrimSpace(value) == "" && f.Type == "select":
		return "Please make a choice."
	case strings.TrimSpace(value) == "":
		return "Please fill this in."
	case f.Type == "select" && !f.offers(value):
		return "Please choose one of these."
	}
	wrong := f.mismatch(value)
	if wrong != "" && f.Invalid != "" {
		return f.Invalid
	}
	return wrong
}

func (f *Field) mismatch(value string) string {
	pattern, err := f.pattern()
	length := utf8.RuneCountInString(value)
	switch {
	case length < f.MinLength:
		return fmt.Sprintf("This is too short: it needs at least %d characters.", f.MinLength)
	case f.MaxLength > 0 && length > f.MaxLength:
		return fmt.Sprintf("This is too long: it can have at most %d characters.", f.MaxLength)
	case f.Pattern != "" && (err != nil || !pattern.MatchString(value)):
		return "This does not look right. Please check it."
	}
	return ""
}

// offers reports whether a value can be chosen.
func (f *Field) offers(value string) bool {
	return slices.ContainsFunc(f.Options, func(o SelectOption) bool { return o.Value == value })
}
