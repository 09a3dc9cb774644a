package bridge_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/customchannels/customchannels-go/channels/bridge"
)

// formOf is a desk with a form of these fields.
func formOf(fields ...bridge.Field) *desk {
	return &desk{form: func(*bridge.ConnectRequest) (*bridge.ConnectForm, error) {
		return &bridge.ConnectForm{Fields: fields}, nil
	}}
}

// What a field demands is demanded of every request, since not all come from a browser.
func TestConnectFields(t *testing.T) {
	region := bridge.Field{Type: "select", Options: []bridge.SelectOption{{Value: "eu", Label: "Europe"}, {Value: "us"}}}
	required := region
	required.Required = true
	for name, test := range map[string]struct {
		field   bridge.Field
		entered string
		wrong   string
		value   string // that Connect gets
	}{
		"optional":            {bridge.Field{}, "", "", ""},
		"optional and bound":  {bridge.Field{MinLength: 3, Pattern: "[a-z]+"}, " ", "", ""},
		"required":            {bridge.Field{Required: true}, "", "Please fill this in.", ""},
		"blank":               {bridge.Field{Required: true, Type: "password"}, " \t", "Please fill this in.", ""},
		"spaces around":       {bridge.Field{Pattern: "x y"}, " x y\n", "", "x y"},
		"spaces in passwords": {bridge.Field{Type: "password"}, " x y ", "", " x y "},
		"short":               {bridge.Field{MinLength: 3}, "äö", "This is too short: it needs at least 3 characters.", ""},
		"long enough":         {bridge.Field{MinLength: 3, MaxLength: 3}, "äöü", "", "äöü"},
		"long":                {bridge.Field{MaxLength: 3}, "äöüß", "This is too long: it can have at most 3 characters.", ""},
		"pattern":             {bridge.Field{Pattern: "a|b"}, "b", "", "b"},
		"whole pattern":       {bridge.Field{Pattern: "a|b"}, "ab", "This does not look right. Please check it.", ""},
		"pattern and line":    {bridge.Field{Pattern: "a", Type: "password"}, "a\n", "This does not look right. Please check it.", ""},
		"own sentence":        {bridge.Field{Pattern: "[0-9]+", Invalid: "An id has digits only."}, "x", "An id has digits only.", ""},
		"own, but missing":    {bridge.Field{Required: true, Invalid: "An id has digits only."}, "", "Please fill this in.", ""},
		"chosen":              {required, "eu", "", "eu"},
		"not chosen":          {required, "", "Please make a choice.", ""},
		"need not be chosen":  {region, "", "", ""},
		"not offered":         {region, "asia", "Please choose one of these.", ""},
	} {
		t.Run(name, func(t *testing.T) {
			test.field.Name, test.field.Label = "it", "It"
			d := formOf(bridge.Field{Name: "id", Label: "Id"}, test.field)
			connecting(t, d, func(t *testing.T, b *bench) {
				s := b.popup(b.browser())
				s.submit("id", "east", "it", test.entered, "more", "not of the form")
				if test.wrong != "" {
					if got := s.problem("it"); s.status != http.StatusUnprocessableEntity || got != test.wrong || len(d.requests()) > 0 {
						t.Errorf("answered %d %q, and asked the channel %v; want %q", s.status, got, d.requests(), test.wrong)
					}
					return
				}
				s.ends()
				if diff := cmp.Diff(map[string]string{"id": "east", "it": test.value}, d.requests()[0].Values); diff != "" {
					t.Errorf("the channel gets (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// The form as browsers get it: names, descriptions, hints and choices; and whatever its texts are, they stay texts.
func TestConnectMarkup(t *testing.T) {
	d := &desk{form: func(*bridge.ConnectRequest) (*bridge.ConnectForm, error) {
		return &bridge.ConnectForm{Title: "Anschließen <b>", Intro: "Es geht los.", Button: "Los", Fields: []bridge.Field{
			{Name: "id", Label: "Id", Help: "Beside the key.", Required: true, Placeholder: "AC…", Pattern: "AC[0-9]+", MinLength: 3, MaxLength: 9, Invalid: "It begins with AC."},
			{Name: "mail", Label: "E-mail", Type: "email", Autocomplete: "email", Value: `"><script>`},
			{Name: "region", Label: "Region", Type: "select", Required: true, Value: "us", Options: []bridge.SelectOption{{Value: "eu", Label: "Europe"}, {Value: "us"}}},
			{Name: "plan", Label: "Plan", Type: "select", Options: []bridge.SelectOption{{Value: "a&b"}}},
		}}, nil
	}}
	connecting(t, d, func(t *testing.T, b *bench) {
		s := b.popup(b.browser())
		for _, want := range []string{
			`<title>Anschließen &lt;b&gt;</title>`, `<p dir="auto">Es geht los.</p>`, `<button type="submit">Los</button>`,
			`<label for="field-id">Id</label>`, `<label for="field-mail">E-mail <span>(optional)</span></label>`,
			`<input id="field-id" name="id" autocomplete="off" required aria-describedby="help-id" type="text" value="" spellcheck="false" autocapitalize="off" ` +
				`placeholder="AC…" pattern="AC[0-9]&#43;" minlength="3" title="It begins with AC.">`,
			`<small id="help-id" dir="auto">Beside the key.</small>`,
			`<input id="field-mail" name="mail" autocomplete="email" type="email" value="&#34;&gt;&lt;script&gt;" spellcheck="false" autocapitalize="off">`,
			`<select id="field-region" name="region" autocomplete="off" required><option value="eu">Europe</option><option value="us" selected>us</option></select>`,
			`<select id="field-plan" name="plan" autocomplete="off"><option value="">Choose…</option><option value="a&amp;b">a&amp;b</option></select>`,
			`<footer>HubSpot account 24681012</footer>`,
		} {
			if !strings.Contains(s.body, want) {
				t.Errorf("the page lacks %s", want)
			}
		}
		s.submit("id", "AC", "mail", "a@b.example", "region", "eu", "plan", "a&b")
		for _, want := range []string{
			`required autofocus aria-invalid="true" aria-describedby="problem-id help-id" type="text" value="AC"`, `value="a@b.example"`,
			`<option value="eu" selected>Europe</option>`, `<option value="a&amp;b" selected>`,
		} {
			if !strings.Contains(s.body, want) {
				t.Errorf("the page after a refusal lacks %s", want)
			}
		}
		if t.Failed() {
			t.Log(s.body)
		}
	})
}

// The service's own errors stand beside the fields, and nothing that was entered is lost but passwords.
func TestConnectRejectField(t *testing.T) {
	cause := errors.New("401 from the service")
	for name, test := range map[string]struct {
		err            error
		id, key, above string
	}{
		"a field":         {bridge.RejectField("key", "The service does not know this key.", cause), "", "The service does not know this key.", ""},
		"wrapped":         {errors.Join(errors.New("log in"), bridge.RejectField("id", "No such id.", nil)), "No such id.", "", ""},
		"two":             {errors.Join(bridge.RejectField("id", "No such id.", nil), bridge.RejectField("key", "No such key.", nil)), "No such id.", "No such key.", ""},
		"the form":        {bridge.Reject("You have no right to do this.", cause), "", "", "You have no right to do this."},
		"both":            {errors.Join(bridge.Reject("It is late.", nil), bridge.RejectField("id", "No such id.", nil)), "No such id.", "", "It is late."},
		"an unknown name": {bridge.RejectField("account", "It is closed.", nil), "", "", "It is closed."},
	} {
		t.Run(name, func(t *testing.T) {
			d := &desk{}
			connecting(t, d, func(t *testing.T, b *bench) {
				d.connect = func(context.Context, *bridge.ConnectRequest) (*bridge.Connection, error) { return nil, test.err }
				s := b.popup(b.browser())
				s.submit("id", "east", "key", "s3cret")
				if s.status != http.StatusUnprocessableEntity || !strings.Contains(s.body, `value="east"`) || strings.Contains(s.body, "s3cret") {
					t.Errorf("answered %d: %s", s.status, s.body)
				}
				if diff := cmp.Diff([]string{test.id, test.key, test.above}, []string{s.problem("id"), s.problem("key"), s.problem("")}); diff != "" {
					t.Errorf("the admin reads at the id, the key and above (-want +got):\n%s", diff)
				}
				if n := strings.Count(s.body, " autofocus"); n != 1 {
					t.Errorf("%d elements want the focus, want 1", n)
				}
				d.connect = nil
				s.submit("id", "east", "key", "right")
				s.ends()
			})
		})
	}
	if err := bridge.RejectField("key", "Unknown.", cause); !errors.Is(err, cause) || err.Error() != "field key: rejected: Unknown: 401 from the service" {
		t.Errorf("the error is %v", err)
	}
}

// A form that cannot be shown is the channel's mistake, unless it says why.
func TestConnectNoForm(t *testing.T) {
	type form = bridge.ConnectForm
	field := func(f ...bridge.Field) *form { return &form{Fields: f} }
	for name, test := range map[string]struct {
		form   *form
		err    error
		status int
		logged string
	}{
		"nothing":          {nil, nil, 500, "the channel gave no form"},
		"an error":         {nil, errors.New("out of order"), 500, "out of order"},
		"a refusal":        {nil, bridge.Reject("Your plan has no channels.", nil), 403, ""},
		"no name":          {field(bridge.Field{Label: "Key"}), nil, 500, `field 1 of the form: the name \"\" is empty, taken or reserved`},
		"a name twice":     {field(bridge.Field{Name: "a"}, bridge.Field{Name: "a"}), nil, 500, `field 2 of the form: the name \"a\" is empty, taken or reserved`},
		"a reserved name":  {field(bridge.Field{Name: "proof"}), nil, 500, `field 1 of the form: the name \"proof\" is empty, taken or reserved`},
		"no type of field": {field(bridge.Field{Name: "a", Type: "file"}), nil, 500, `field a of the form: the type \"file\" is none of`},
		"a bad pattern":    {field(bridge.Field{Name: "a", Pattern: "(a"}), nil, 500, "field a of the form: error parsing regexp"},
	} {
		t.Run(name, func(t *testing.T) {
			d, log := &desk{}, &logged{}
			connecting(t, d, func(t *testing.T, b *bench) {
				d.form = func(*bridge.ConnectRequest) (*bridge.ConnectForm, error) { return test.form, test.err }
				s := b.popup(b.browser())
				want := "The form cannot be shown. Please try again later."
				if test.status == 403 {
					want = "Your plan has no channels."
				}
				s.wants(test.status, want)
				if !strings.Contains(log.text(), test.logged) {
					t.Errorf("logged %s, want %q", log.text(), test.logged)
				}
			}, log.into)
		})
	}
}
