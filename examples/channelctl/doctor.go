package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge/sqlstore"
)

func doctor() *command {
	return &command{
		name: "doctor", short: "Look for what is wrong with a channel, and say what to do", needs: whatThereIs,
		long: `
Give it the environment that the bridge has. It checks the store, the credentials,
the clock, the channel's registration, the public address with webhooks that it signs
itself, and the portals: those of the store, or that of ` + envToken + `. What
it has no settings for is a warning. The exit status is 1 if there are problems.

It changes nothing at HubSpot. The bridge gets a webhook of the type
` + pingType + `, which it ignores, and one with a wrong signature, which it
refuses with a warning in its log. A token of the store that has expired is
refreshed as the bridge does, and the store's tables are brought up to date. That
` + envPublic + ` answers here does not prove that HubSpot reaches it.

With -probe it finds out how HubSpot behaves where its documentation does not say,
and prints the answers as the Readings of package hubspottest. It needs -portal and
-account, an account of the channel in a portal for tests. It tells what it is going to
do, does it only with -yes, and removes what it has made.`,
		setup: func(fs *flag.FlagSet) action {
			e, p := &examination{}, &probe{}
			fs.StringVar(&e.prefix, "prefix", "/hubspot", "`path` that the bridge is mounted at")
			fs.Func("portal", "only this `portal`; with -probe the one for tests", func(s string) (err error) {
				e.portal, err = parsePortal(s)
				return err
			})
			on := fs.Bool("probe", false, "find out how HubSpot behaves, in a portal for tests")
			p.declare(fs)
			return func(ctx context.Context, s *session) error {
				if err := s.store.fill(s.env); err != nil {
					return err
				}
				e.begin(s)
				defer e.end()
				if *on {
					return p.run(ctx, e)
				}
				if p.given() {
					return usagef("doctor: -account, -message and -yes are for -probe")
				}
				return e.run(ctx)
			}
		},
	}
}

// state says how a check went.
type state string

const (
	fine    state = "ok"
	warning state = "warning"
	problem state = "problem"
)

// finding is the JSON of what a check found.
type finding struct {
	State  state  `json:"state"`
	Check  string `json:"check"`
	Cause  string `json:"cause"`
	Advice string `json:"advice,omitempty"` // of warnings and problems
}

// examination is one run of the doctor: what the checks found, and what later ones need of earlier ones.
type examination struct {
	s      *session
	prefix string
	portal int64 // 0 for all
	base   string
	http   *http.Client // for HubSpot, whose answers tell its time
	clock  *clockReader

	findings []finding
	secrets  []string

	registry  *channels.Registry       // nil without a developer key that HubSpot takes
	channels  []*channels.Registration // of the app
	channelID channels.ID              // empty if it is not known
	store     *sqlstore.Store          // nil if there is none that can be used
	close     func()
}

// attemptTimeout bounds what the doctor waits for one answer. HubSpot gives an app less for a webhook.
const attemptTimeout = 10 * time.Second

func (e *examination) begin(s *session) {
	e.s, e.close = s, func() {}
	e.base = strings.TrimRight(cmp.Or(s.env(envServer), channels.DefaultBaseURL), "/")
	e.clock = &clockReader{base: http.DefaultTransport}
	e.http = &http.Client{Transport: e.clock, Timeout: attemptTimeout, CheckRedirect: noRedirect}
	e.channelID = s.store.channel
	if u, err := url.Parse(s.store.dsn); err == nil {
		if password, _ := u.User.Password(); password != "" {
			e.secrets = append(e.secrets, password)
		}
	}
	for _, name := range []string{envKey, envSecret, envToken} {
		if secret := s.env(name); secret != "" {
			e.secrets = append(e.secrets, secret)
		}
	}
}

func (e *examination) end() { e.close() }

// noRedirect shows redirects as they are: they are a finding, and would carry a secret to wherever they point.
func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

func (e *examination) options() []channels.Option {
	return append(e.s.apiOptions(), channels.WithHTTPClient(e.http),
		channels.WithRetry(channels.RetryPolicy{MaxAttempts: 2, MaxElapsed: attemptTimeout}))
}

func (e *examination) run(ctx context.Context) error {
	for _, part := range []struct {
		name  string
		check func(context.Context)
	}{
		{"the store", e.checkStore}, {"the credentials", e.checkApp}, {"the clock", e.checkClock},
		{"the channel", e.checkChannel}, {"the public address", e.checkPublic}, {"the portals", e.checkPortals},
	} {
		if e.s.watched {
			fmt.Fprintf(e.s.err, "Checking %s...\n", part.name)
		}
		part.check(ctx)
		if ctx.Err() != nil {
			return errInterrupted
		}
	}
	err := list(e.s, e.all(), "", "STATE CHECK FINDING", func(f finding) []string {
		return []string{string(f.State), f.Check, strings.TrimSuffix(f.Cause+"; "+f.Advice, "; ")}
	})
	if err != nil {
		return err
	}
	problems := 0
	for _, f := range e.findings {
		if f.State == problem {
			problems++
		}
	}
	switch problems {
	case 0:
		return nil
	case 1:
		return errors.New("there is 1 problem")
	}
	return fmt.Errorf("there are %d problems", problems)
}

// all are the findings, in the form of the other lists.
func (e *examination) all() iter.Seq2[finding, error] {
	return func(yield func(finding, error) bool) {
		for _, f := range e.findings {
			if !yield(f, nil) {
				return
			}
		}
	}
}

func (e *examination) ok(check, cause string, args ...any) { e.add(fine, check, "", cause, args...) }

func (e *examination) warn(check, advice, cause string, args ...any) {
	e.add(warning, check, advice, cause, args...)
}

func (e *examination) problem(check, advice, cause string, args ...any) {
	e.add(problem, check, advice, cause, args...)
}

// skip notes a check for which settings are missing.
func (e *examination) skip(check string, names ...string) {
	e.warn(check, "set what the bridge has", "not checked without %s", strings.Join(names, " and "))
}

// add notes a finding. Others' words may repeat what was sent to them, so secrets are taken out of all.
func (e *examination) add(st state, check, advice, cause string, args ...any) {
	e.findings = append(e.findings, finding{st, check, e.clear(fmt.Sprintf(cause, args...)), advice})
}

// clear brings text onto one line, without secrets.
func (e *examination) clear(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	for _, secret := range e.secrets {
		text = strings.ReplaceAll(text, secret, "REDACTED")
	}
	return text
}
