package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"iter"
	"strconv"
	"time"

	"github.com/customchannels/customchannels-go/channels/bridge"
)

func buriedCommands() []*command { return []*command{buriedList(), buriedRetry(), buriedDrop()} }

// buriedItem is the JSON of a message that was set aside.
type buriedItem struct {
	ID       int64           `json:"id"`
	Kind     bridge.Kind     `json:"kind"`
	Portal   int64           `json:"portalId"`
	Attempts int             `json:"attempts"`
	Accepted time.Time       `json:"acceptedAt"`
	Buried   time.Time       `json:"buriedAt"`
	Reason   string          `json:"reason"`
	Payload  json.RawMessage `json:"payload,omitempty"`
}

func buriedList() *command {
	return &command{
		name: "buried list", short: "List the messages that were set aside for good, with the reasons", needs: bridgeStore,
		long: `
Oldest first. They are kept for 30 days. Kinds are incoming (a customer's message),
outgoing (an agent's), status and report (what became of an agent's), account (news
of an account) and unread (a webhook that could not be understood).`,
		setup: func(fs *flag.FlagSet) action {
			f := newFilter(fs)
			payload := fs.Bool("payload", false, "also show what people wrote, and their addresses")
			return func(ctx context.Context, s *session) error {
				header := "ID KIND PORTAL BURIED ATTEMPTS REASON"
				if *payload {
					header += " PAYLOAD"
				}
				return list(s, f.items(ctx, s, *payload), "Nothing is buried.", header, func(it *buriedItem) []string {
					cells := []string{
						strconv.FormatInt(it.ID, 10), string(it.Kind), portalText(it.Portal), when(it.Buried), strconv.Itoa(it.Attempts), it.Reason,
					}
					if *payload {
						cells = append(cells, string(it.Payload))
					}
					return cells
				})
			}
		},
	}
}

func buriedRetry() *command {
	return &command{
		name: "buried retry", args: "[ID...]", short: "Put messages that were set aside back into their conversations", needs: bridgeStore,
		long: `
They come after what was done meanwhile. The bridge tries for 24 hours to send an
agent's message, for 7 days to publish a customer's; what fails again is set aside
again, under another id. A customer's message of which it is not known whether HubSpot
has it may appear twice: its reason says so. What could not be understood cannot be
retried; -all leaves it out.`,
		setup: func(fs *flag.FlagSet) action {
			c := newChoice(fs)
			return func(ctx context.Context, s *session) error {
				ids, err := c.ids(ctx, s, "buried retry", func(it *buriedItem) bool { return it.Kind != bridge.KindUnread })
				if err != nil {
					return err
				}
				return s.each(ctx, ids, "Retried", s.operator.Retry)
			}
		},
	}
}

func buriedDrop() *command {
	return &command{
		name: "buried drop", args: "[ID...]", short: "Delete messages that were set aside", needs: bridgeStore,
		long: `
There is no way back. It asks first.`,
		setup: func(fs *flag.FlagSet) action {
			c := newChoice(fs)
			yes := fs.Bool("yes", false, "do not ask")
			return func(ctx context.Context, s *session) error {
				if err := s.canAsk(*yes, "buried drop"); err != nil {
					return err
				}
				ids, err := c.ids(ctx, s, "buried drop", func(*buriedItem) bool { return true })
				if err != nil {
					return err
				}
				if !*yes && len(ids) > 0 {
					if err := s.confirm(ctx, fmt.Sprintf("Delete %d buried messages for good?", len(ids))); err != nil {
						return err
					}
				}
				return s.each(ctx, ids, "Dropped", s.operator.Drop)
			}
		},
	}
}

// filter is what the command line says of the messages that are meant.
type filter struct {
	portal int64
	kind   bridge.Kind
}

func newFilter(fs *flag.FlagSet) *filter {
	f := &filter{}
	fs.Func("portal", "only those of a `portal`", func(s string) (err error) {
		f.portal, err = parsePortal(s)
		return err
	})
	fs.Func("kind", "only those of a `kind`: incoming, outgoing, status, report, account or unread", func(s string) error {
		switch f.kind = bridge.Kind(s); f.kind {
		case bridge.KindIncoming, bridge.KindOutgoing, bridge.KindStatus, bridge.KindReport, bridge.KindAccount, bridge.KindUnread:
			return nil
		}
		return errors.New("use incoming, outgoing, status, report, account or unread")
	})
	return f
}

// items lists the buried messages that are meant.
func (f *filter) items(ctx context.Context, s *session, payload bool) iter.Seq2[*buriedItem, error] {
	return func(yield func(*buriedItem, error) bool) {
		for it, err := range s.operator.Buried(ctx) {
			if err != nil {
				yield(nil, err)
				return
			}
			if f.portal != 0 && it.Portal != f.portal || f.kind != "" && it.Kind != f.kind {
				continue
			}
			shown := &buriedItem{it.Seq, it.Kind, it.Portal, it.Attempt, it.Accepted.UTC(), it.BuriedAt.UTC(), it.Reason, nil}
			if payload {
				shown.Payload = payloadJSON(it.Payload)
			}
			if !yield(shown, nil) {
				return
			}
		}
	}
}

// payloadJSON is a payload as it is, or as a string if it is not JSON.
func payloadJSON(payload []byte) json.RawMessage {
	if json.Valid(payload) {
		return payload
	}
	text, err := json.Marshal(string(payload))
	if err != nil {
		return nil
	}
	return text
}

// choice is what the command line says of the messages that something is to be done with.
type choice struct {
	filter *filter
	all    bool
}

func newChoice(fs *flag.FlagSet) *choice {
	c := &choice{filter: newFilter(fs)}
	fs.BoolVar(&c.all, "all", false, "all of them, or all that -portal and -kind leave")
	return c
}

// ids are the arguments, or all buried messages that are meant. They are listed before anything is done, since what fails
// again is buried anew.
func (c *choice) ids(ctx context.Context, s *session, command string, which func(*buriedItem) bool) (ids []int64, err error) {
	filtered := *c.filter != filter{}
	switch {
	case len(s.args) == 0 && !c.all:
		return nil, usagef("%s needs ids, or -all", command)
	case len(s.args) > 0 && (c.all || filtered):
		return nil, usagef("%s takes ids, or -all with filters, not both", command)
	}
	for _, arg := range s.args {
		id, err := strconv.ParseInt(arg, 10, 64)
		if err != nil {
			return nil, usagef("%s: %q is not an id, see \"channelctl buried list\"", command, arg)
		}
		ids = append(ids, id)
	}
	if !c.all {
		return ids, nil
	}
	for it, err := range c.filter.items(ctx, s, false) {
		if err != nil {
			return nil, err
		}
		if which(it) {
			ids = append(ids, it.ID)
		}
	}
	return ids, nil
}

// counted is the JSON of how many messages something was done with.
type counted struct {
	Done int     `json:"done"`
	Gone []int64 `json:"notBuried"`
}

// each does something with each message, and tells how far it is if someone is watching.
func (s *session) each(ctx context.Context, ids []int64, done string, do func(context.Context, int64) error) error {
	result := counted{Gone: []int64{}}
	progress := s.newProgress(done, len(ids))
	for i, id := range ids {
		switch err := do(ctx, id); {
		case errors.Is(err, bridge.ErrNotFound):
			result.Gone = append(result.Gone, id) // someone else was quicker
		case err != nil:
			progress.end()
			return fmt.Errorf("%s %d of %d: %w", done, result.Done, len(ids), err)
		default:
			result.Done++
		}
		progress.show(i + 1)
	}
	progress.end()
	fields := []field{{done, strconv.Itoa(result.Done)}}
	for _, id := range result.Gone {
		fields = append(fields, field{"Not buried", strconv.FormatInt(id, 10)})
	}
	if err := s.one(result, fields...); err != nil {
		return err
	}
	if n := len(result.Gone); n > 0 && len(s.args) > 0 {
		return fmt.Errorf("%d of %d ids name nothing that is buried", n, len(ids))
	}
	return nil
}

// progress is a line on a terminal that tells how far a long command is.
type progress struct {
	s     *session
	what  string
	total int
	shown bool
}

// manyItems is from how many on a command is long.
const manyItems = 100

func (s *session) newProgress(what string, total int) *progress {
	return &progress{s: s, what: what, total: total}
}

func (p *progress) show(n int) {
	if p.s.watched && p.total >= manyItems && n*100/p.total > (n-1)*100/p.total {
		p.shown = true
		fmt.Fprintf(p.s.err, "\r%s %d of %d", p.what, n, p.total)
	}
}

// end makes room for what is printed next.
func (p *progress) end() {
	if p.shown {
		fmt.Fprintln(p.s.err)
	}
}
