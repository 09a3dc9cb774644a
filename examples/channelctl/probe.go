package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/messages"
)

// reading is the JSON of how HubSpot behaves in one respect.
type reading struct {
	// Knob is a field of hubspottest.Readings, or empty where the simulator has none for it.
	Knob string `json:"knob,omitempty"`
	// On is how the knob stands, nil if the answer does not tell.
	On     *bool  `json:"on,omitempty"`
	Answer string `json:"answer"`
}

// probe tries out what HubSpot does not document. What it makes bears its name, so that it can be found and removed.
type probe struct {
	account channels.AccountID
	message messages.ID // an agent's, to report on
	yes     bool

	*examination
	name   string
	access *portalAccess // to the portal for tests
	info   *tokenState   // of the portal's token
	client *channels.Client
	// recipient is the address of the account.
	recipient channels.DeliveryIdentifier

	readings []reading
	undo     []cleaner // in reverse
}

// cleaner removes something that was made.
type cleaner struct {
	what string
	do   func(context.Context) error
}

func (p *probe) declare(fs *flag.FlagSet) {
	fs.StringVar((*string)(&p.account), "account", "", "with -probe, the `id` of an account for tests")
	fs.StringVar((*string)(&p.message), "message", "", "with -probe, the `id` of an agent's message whose status may be changed")
	fs.BoolVar(&p.yes, "yes", false, "with -probe, do what it tells")
}

// given reports whether there are flags for a probe.
func (p *probe) given() bool { return p.account != "" || p.message != "" || p.yes }

// cleanTimeout is how long cleaning up may take, also after Ctrl-C: a new channel may be invisible for more than a minute.
const cleanTimeout = 3 * time.Minute

func (p *probe) run(ctx context.Context, e *examination) error {
	p.examination, p.name = e, "channelctl probe "+strings.ToLower(rand.Text()[:8])
	if e.portal == 0 || p.account == "" {
		return usagef("doctor -probe needs -portal and -account, of a portal for tests")
	}
	account, err := p.prepare(ctx)
	if err != nil {
		return err
	}
	p.tell(account)
	if !p.yes {
		return usagef("doctor -probe did nothing yet: add -yes")
	}
	for _, try := range []func(context.Context){p.tryToken, p.tryChannel, p.tryPages, p.tryReport, p.tryMessages} {
		if ctx.Err() == nil {
			try(ctx)
		}
	}
	if p.s.watched {
		fmt.Fprintln(p.s.err, "Cleaning up...")
	}
	err = p.clean(context.WithoutCancel(ctx))
	if ctx.Err() != nil {
		return errors.Join(errInterrupted, err)
	}
	return errors.Join(p.print(), err)
}

// prepare checks all that has to be right before anything is made.
func (p *probe) prepare(ctx context.Context) (*channels.Account, error) {
	if names := p.missing(envAppID, envKey, envClientID, envSecret); len(names) > 0 {
		return nil, fmt.Errorf("missing in the environment: %s", strings.Join(names, ", "))
	}
	p.checkStore(ctx)
	p.checkKey(ctx)
	for _, f := range p.findings {
		if f.State == problem && (p.registry == nil || f.Check == "store") {
			return nil, fmt.Errorf("%s: %s; %s", f.Check, f.Cause, f.Advice)
		}
	}
	if r := p.findChannel(); r != nil {
		p.channelID = r.ID
	} else {
		return nil, errors.New("which channel? Add -channel, or set " + envPublic)
	}
	if err := p.enter(ctx); err != nil {
		return nil, err
	}
	account, err := p.client.Accounts().Get(ctx, p.channelID, p.account)
	if err != nil {
		return nil, fmt.Errorf("account %s of channel %s: %w", p.account, p.channelID, err)
	}
	if !account.Active || !account.Authorized {
		return nil, fmt.Errorf("account %s, %q, is switched off: it takes no messages", account.ID, account.Name)
	}
	p.recipient = account.DeliveryIdentifier
	return account, nil
}

// enter makes sure that the token is of the portal that was named.
func (p *probe) enter(ctx context.Context) error {
	portals, err := p.portals(ctx)
	if err != nil {
		return err
	}
	if len(portals) == 0 {
		return fmt.Errorf("no token of portal %d: set %s, or name the store of a bridge that is installed there", p.portal, envToken)
	}
	p.access = portals[0]
	token, err := p.access.source.Token(ctx)
	if err != nil {
		return err
	}
	p.secrets = append(p.secrets, token.AccessToken)
	switch p.info, err = p.introspect(ctx, token.AccessToken, "token", "access_token"); {
	case err != nil:
		return err
	case !p.info.Active:
		return errors.New("HubSpot does not take the token: it has expired, or was revoked")
	case p.info.Portal != p.access.id:
		return fmt.Errorf("the token is of portal %d, not of %d", p.info.Portal, p.access.id)
	}
	p.client, err = channels.NewClient(p.access.source, p.options()...)
	return err
}

// tell says what is going to be done.
func (p *probe) tell(a *channels.Account) {
	w := p.s.err
	fmt.Fprintf(w, "In portal %d, with account %s, %q, of channel %s, the probe\n", p.access.id, a.ID, printable(a.Name), p.channelID)
	fmt.Fprintln(w, "- registers a channel that nobody uses, changes it and archives it;")
	fmt.Fprintln(w, "- publishes a few messages of a made-up customer, closes the conversations and archives them;")
	if !p.canArchive() {
		fmt.Fprintln(w, "  it cannot archive them here, for lack of the scope conversations.write: they stay;")
	}
	if p.message != "" {
		fmt.Fprintf(w, "- reports message %s as READ and then as SENT, which stays;\n", p.message)
	}
	fmt.Fprintln(w, "- asks for long pages, and about the token.")
	fmt.Fprintln(w, "Agents see the conversations until then. Nothing goes to the messaging service, unless the portal answers by itself.")
}

func (p *probe) canArchive() bool { return hasScope(p.info.Scopes, "conversations.write") }

// note keeps an answer.
func (p *probe) note(knob string, on *bool, answer string, args ...any) {
	if p.s.watched {
		fmt.Fprintf(p.s.err, "Tried %s\n", cmp.Or(knob, "more"))
	}
	p.readings = append(p.readings, reading{knob, on, p.clear(fmt.Sprintf(answer, args...))})
}

// noteCall keeps how a call went: whether it was accepted says how the knob stands, and any other failure nothing.
func (p *probe) noteCall(knob, what string, err error, accepted bool) {
	switch {
	case err == nil:
		p.note(knob, &accepted, "%s: accepted", what)
	case errors.Is(err, channels.ErrInvalid):
		p.note(knob, new(!accepted), "%s: refused: %s", what, said(err))
	default:
		p.note(knob, nil, "%s: %s", what, said(err))
	}
}

// said is what HubSpot answered in place of a success, without what was called, which the reader knows.
func said(err error) string {
	e, ok := errors.AsType[*channels.Error](err)
	if !ok {
		return err.Error()
	}
	reasons := []string{fmt.Sprintf("%d %s", e.StatusCode, cmp.Or(e.Message, e.Category))}
	for _, d := range e.Errors {
		if !strings.Contains(e.Message, d.Message) {
			reasons = append(reasons, d.Message)
		}
	}
	return strings.Join(reasons, "; ")
}

// clean removes what was made, the last first. What stays behind is the error.
func (p *probe) clean(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, cleanTimeout)
	defer cancel()
	var stays []string
	for _, c := range slices.Backward(p.undo) {
		if err := c.do(ctx); err != nil {
			stays = append(stays, fmt.Sprintf("%s (%v)", c.what, err))
		}
	}
	if stays != nil {
		return fmt.Errorf("these stay behind, remove them yourself: %s", strings.Join(stays, "; "))
	}
	return nil
}

// print shows the readings, as a table with a line to paste, or as JSON.
func (p *probe) print() error {
	rows := func(yield func(reading, error) bool) {
		for _, r := range p.readings {
			if !yield(r, nil) {
				return
			}
		}
	}
	err := list(p.s, rows, "", "KNOB ON ANSWER", func(r reading) []string {
		on := ""
		if r.On != nil {
			on = fmt.Sprint(*r.On)
		}
		return []string{r.Knob, on, r.Answer}
	})
	if err != nil || p.s.json {
		return err
	}
	var on []string
	for _, r := range p.readings {
		if r.Knob != "" && r.On != nil && *r.On {
			on = append(on, r.Knob+": true")
		}
	}
	slices.Sort(on)
	_, err = fmt.Fprintf(p.s.out, "\nReadings: hubspottest.Readings{%s}\n", strings.Join(on, ", "))
	return err
}
