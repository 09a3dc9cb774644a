package bridgetest

import (
	"context"
	"fmt"
	"html"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
)

var formRules = []channelRule{
	{
		name: "connect/form",
		why:  "the form is shown as a page of HTML; what was entered comes back by the fields' names",
		test: func(p *channelProbe) {
			form := p.form()
			seen := map[string]bool{"proof": true} // the page has a field of that name itself
			for n, f := range form.Fields {
				p.field(n, &f)
				if seen[f.Name] {
					p.fatalf("there are two fields of the name %q, one of them the page's own perhaps", f.Name)
				}
				seen[f.Name] = true
			}
		},
	}, {
		name: "connect/form again",
		why:  "the form is made anew whenever the page is shown, also after a wrong entry; a form that changes loses what was entered",
		test: func(p *channelProbe) {
			var first, second []string
			for _, f := range p.form().Fields {
				first = append(first, f.Name)
			}
			for _, f := range p.form().Fields {
				second = append(second, f.Name)
			}
			p.equal("the fields' names", second, first)
		},
	}, {
		name: "connect/context that has ended",
		why:  "the admin has closed the popup; nobody reads the answer",
		test: func(p *channelProbe) {
			ctx, cancel := context.WithCancel(p.ctx)
			cancel()
			connector, _ := as[bridge.Connector](p.channel)
			p.call("Connect", p.soon, func() { _, _ = connector.Connect(ctx, p.request(p.o.Values)) })
		},
	},
}

const whySentence = "an entry that cannot connect an account is answered with bridge.Reject and a sentence for the admin, who may try " +
	"again; of other errors she reads only that it did not work"

var connectRules = []channelRule{
	{
		name: "connect/right values",
		why:  "an admin who enters what is right gets an account, of a type that the channel declares, with a name that agents see",
		test: func(p *channelProbe) {
			a := p.connected()
			types := p.o.Definition.Capabilities.DeliveryIdentifierTypes
			if !slices.Contains(types, a.DeliveryIdentifier.Type) {
				p.fatalf("Connect gave an address of the type %s; the Definition has %s", a.DeliveryIdentifier.Type, types)
			}
		},
	}, {
		name: "connect/again",
		why:  "an admin connects an account again when its credentials have changed, or the popup was closed too early: it is the same account",
		test: func(p *channelProbe) {
			first := p.connected()
			second := p.connected()
			p.equal("the address", second.DeliveryIdentifier, first.DeliveryIdentifier)
			p.equal("the name", second.Name, first.Name)
		},
	}, {
		name: "connect/spaces around",
		why: "what admins paste often has a space or a line break at its end, which nobody sees; the bridge removes them, but not from " +
			"a password, which may have some: try it as it is, and without them if the service does not take it",
		test: func(p *channelProbe) {
			first := p.connected()
			spaced := maps.Clone(p.o.Values)
			for name, value := range spaced {
				if value != "" {
					spaced[name] = " " + value + "\n"
				}
			}
			if code, reason := p.connect(spaced); code != http.StatusSeeOther {
				p.fatalf("the right values with spaces around them were answered with %d %q", code, reason)
			}
			p.equal("the address", p.hubspot.lastStaged().DeliveryIdentifier, first.DeliveryIdentifier)
		},
	},
}

var refuseRules = []channelRule{
	{
		name: "connect/wrong values",
		why:  whySentence,
		test: func(p *channelProbe) {
			for _, values := range p.o.WrongValues {
				p.refused(values)
			}
		},
	},
}

func (p *channelProbe) request(values map[string]string) *bridge.ConnectRequest {
	return &bridge.ConnectRequest{PortalID: portal, InboxID: p.o.Account.InboxID, UserID: 1, Values: maps.Clone(values)}
}

func (p *channelProbe) form() *bridge.ConnectForm {
	p.t.Helper()
	connector, _ := as[bridge.Connector](p.channel)
	var form *bridge.ConnectForm
	var err error
	p.call("ConnectForm", 2*p.soon, func() { form, err = connector.ConnectForm(p.ctx, p.request(nil)) })
	p.ok("ConnectForm", err)
	if form == nil {
		p.fatalf("ConnectForm returned neither a form nor an error")
	}
	return form
}

var fieldTypes = []string{"", "text", "password", "email", "tel", "url", "select"}

func (p *channelProbe) field(n int, f *bridge.Field) {
	p.t.Helper()
	what := fmt.Sprintf("field number %d (%q)", n+1, f.Name)
	switch {
	case f.Name == "" || strings.ContainsFunc(f.Name, func(r rune) bool { return r <= ' ' }):
		p.fatalf("%s has a name that is empty or has spaces", what)
	case strings.TrimSpace(f.Label) == "":
		p.fatalf("%s has no label, so nobody can tell what to enter", what)
	case !slices.Contains(fieldTypes, f.Type):
		p.fatalf("%s has the type %q; it can be one of %q", what, f.Type, fieldTypes)
	case f.Type == "password" && f.Value != "":
		p.fatalf("%s is a password that is filled in: whoever opens the page can read it", what)
	}
}

// connect submits the connect page, and returns the answer's code and what the admin reads.
func (p *channelProbe) connect(values map[string]string) (code int, reason string) {
	p.t.Helper()
	var w *httptest.ResponseRecorder
	var err error
	p.call("the connect page", 2*p.soon, func() { w, err = p.hubspot.connect(p.ctx, p.bridge, &p.o.Account, values) })
	p.ok("the connect page", err)
	return w.Code, problem(w.Body.String())
}

// connected connects an account with the right values.
func (p *channelProbe) connected() channels.StagedAccount {
	p.t.Helper()
	if code, reason := p.connect(p.o.Values); code != http.StatusSeeOther {
		p.fatalf("the right values were answered with %d %q", code, reason)
	}
	return p.hubspot.lastStaged()
}

// refused checks that an entry is answered with a sentence.
func (p *channelProbe) refused(values map[string]string) {
	p.t.Helper()
	code, reason := p.connect(values)
	if code != http.StatusUnprocessableEntity {
		p.fatalf("the values %q were not rejected, as by bridge.Reject; the page answered %d %q", slices.Sorted(maps.Keys(values)), code, reason)
	}
	p.sentence("what the admin reads", reason)
}

// problem is what a connect page says is wrong.
func problem(page string) string {
	_, text, ok := strings.Cut(page, `class="problem" role="alert">`)
	if !ok {
		return ""
	}
	text, _, _ = strings.Cut(text, "</p>")
	return html.UnescapeString(text)
}
