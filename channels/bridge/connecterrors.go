package bridge

import "fmt"

// RejectField is [Reject] for the Connect of a [Connector]: the admin reads reason, a sentence such as "The service does not
// know this key.", next to the field of that name; above the form, if the form has no such field. err is the cause for
// logs, and may be nil.
func RejectField(name, reason string, err error) error {
	return &fieldRejection{name: name, rejection: &rejection{reason, err}}
}

type fieldRejection struct {
	name      string
	rejection *rejection
}

func (e *fieldRejection) Error() string { return fmt.Sprintf("field %s: %v", e.name, e.rejection) }
func (e *fieldRejection) Unwrap() error { return e.rejection }

// Ask makes an error for the Connect of a [Connector]: the account is not connected yet, the admin is shown a further form.
// What she enters there comes with the next call of Connect, beside the values of the forms before, and keep comes as
// [ConnectRequest.Kept]. It may hold secrets, such as a token: until then only the admin's browser has it, sealed. All of
// it together may have 100 kB.
func Ask(form *ConnectForm, keep []byte) error { return &question{form, keep} }

type question struct {
	form *ConnectForm
	keep []byte
}

func (*question) Error() string { return "the admin is asked for more" }

// Visit makes an error for the Connect of a [Connector]: the account is not connected yet, the admin goes to a page of the
// messaging service, to sign in there and agree, as in OAuth. url is the absolute URL of that page. It has to name
// [ConnectRequest.ReturnURL], to which the service sends the browser back with a GET, and [ConnectRequest.State], which it
// gives back as the query parameter "state". Then Connect is called again, with all that the service said in
// [ConnectRequest.Query], and with keep in [ConnectRequest.Kept].
//
//	func (c *chat) Connect(ctx context.Context, r *bridge.ConnectRequest) (*bridge.Connection, error) {
//		login := oauth2.Config{ClientID: c.id, ClientSecret: c.secret, Endpoint: c.endpoint, RedirectURL: r.ReturnURL}
//		if r.Query == nil {
//			return nil, bridge.Visit(login.AuthCodeURL(r.State), nil)
//		}
//		if r.Query.Has("error") {
//			return nil, bridge.Reject("You did not allow it, so nothing was connected.", nil)
//		}
//		token, err := login.Exchange(ctx, r.Query.Get("code"))
//		...
//
// Only the browser that went there can come back, once and within an hour. Until then only that browser has the admin's
// values and keep, sealed; they may hold secrets, such as the verifier of PKCE. Together they may have about 2,000 bytes.
func Visit(url string, keep []byte) error { return &visit{url, keep} }

type visit struct {
	url  string
	keep []byte
}

func (*visit) Error() string { return "the admin goes to a page of the messaging service" }

// problems are the sentences that an admin reads about a form: by fields' names, and under "" about the form as a whole.
type problems map[string]string

// problemsOf returns what err says to the admin, nothing if it is not about what she entered.
func problemsOf(err error) problems {
	p := problems{}
	p.collect(err)
	return p
}

// collect finds all errors of [RejectField]. errors.As would stop at the first of those that were joined.
func (p problems) collect(err error) {
	switch e := err.(type) {
	case *fieldRejection:
		p[e.name] = e.rejection.reason
	case *rejection:
		p[""] = e.reason
	case interface{ Unwrap() []error }:
		for _, one := range e.Unwrap() {
			p.collect(one)
		}
	case interface{ Unwrap() error }:
		p.collect(e.Unwrap())
	}
}
