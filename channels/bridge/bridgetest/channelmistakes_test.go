package bridgetest_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
)

// Every rule that is named with a mistake must fail for a channel that makes it.
func TestChannelMistakesAreNoticed(t *testing.T) {
	for _, m := range channelMistakes {
		for _, rule := range m.rules {
			t.Run(m.name+"/"+rule, func(t *testing.T) { isNoticed(t, "TestChannelMistake", m.name, rule) })
		}
	}
}

// TestChannelMistake does something only in a process that TestChannelMistakesAreNoticed started.
func TestChannelMistake(t *testing.T) {
	for _, m := range channelMistakes {
		if m.name == os.Getenv(mistakeVar) {
			runChat(t, time.Second/2, m.channel) // what will never happen is not worth a longer wait
		}
	}
}

type channelMistake struct {
	name    string
	rules   []string
	channel func(*chat) bridge.Channel
}

var channelMistakes = slices.Concat(sendMistakes, textMistakes, errorMistakes, fileMistakes, connectMistakes, receiveMistakes)

var errOther = errors.New("something else")

var sendMistakes = []channelMistake{
	{"sends nothing", []string{"delivered/when Send returns", "delivered/to the customer", "delivered/in order", "delivered/all of many at once", "recipients/all"},
		sends(func(*chat) sender {
			return func(ctx context.Context, m *bridge.Outgoing) (*bridge.Receipt, error) { return nil, ctx.Err() }
		})},
	{"always fails", []string{"send/text", "errors/service is back", "errors/customer who cannot be reached, for the others"},
		refuses(func(*bridge.Outgoing) bool { return true }, errOther)},
	{"needs the agent's name", []string{"send/agent without a name"}, refuses(func(m *bridge.Outgoing) bool { return m.From.Name == "" }, errOther)},
	{"panics", []string{"send/text"}, sends(func(*chat) sender {
		return func(context.Context, *bridge.Outgoing) (*bridge.Receipt, error) { panic("something is missing") }
	})},
	{"refuses what it has sent", []string{"send/again after a crash", "delivered/once after a crash"}, refuses(func(m *bridge.Outgoing) bool { return m.Attempt > 1 }, bridge.Reject("It was sent already.", nil))},
	{"notes nothing", []string{"delivered/once after a crash", "delivered/long text once after a crash", "recipients/again after a crash", "recipients/goes on where it ended"}, sends(careless)},
	{"tells repetitions by the text", []string{"delivered/the same text twice"}, sends(func(c *chat) sender {
		seen := map[string]bool{}
		return func(ctx context.Context, m *bridge.Outgoing) (*bridge.Receipt, error) {
			if seen[m.Text] {
				return nil, nil
			}
			seen[m.Text] = true
			return c.Send(ctx, m)
		}
	})},
	{"one at a time", []string{"send/many conversations at once", "delivered/all of many at once"}, sends(oneAtATime)},
	{"keeps the message", []string{"send/nothing of the message is used later", "delivered/when Send returns"}, sends(queued)},
	{"keeps the credentials", []string{"send/nothing of the message is used later"}, sends(func(c *chat) sender {
		var kept []byte
		return func(ctx context.Context, m *bridge.Outgoing) (*bridge.Receipt, error) {
			if kept == nil {
				kept = m.Account.Credentials
			}
			m.Account.Credentials = kept
			return c.Send(ctx, m)
		}
	})},
	{"writes to the message later", []string{"send/nothing of the message is used later"}, sends(func(c *chat) sender {
		return func(ctx context.Context, m *bridge.Outgoing) (*bridge.Receipt, error) {
			go func() {
				<-ctx.Done()
				m.Text = "done"
			}()
			return c.Send(ctx, m)
		}
	})},
	{"starts what it does not end", []string{"send/text", "receipt/names one message"}, sends(func(c *chat) sender {
		return func(ctx context.Context, m *bridge.Outgoing) (*bridge.Receipt, error) {
			go func() { select {} }()
			return c.Send(ctx, m)
		}
	})},
	{"does not heed the context", []string{"send/context that has ended", "send/context that ends meanwhile", "file/context that has ended"}, sends(func(c *chat) sender {
		return func(ctx context.Context, m *bridge.Outgoing) (*bridge.Receipt, error) {
			return c.Send(context.WithoutCancel(ctx), m)
		}
	})},
	{"hides the context's error", []string{"send/context that has ended", "send/context that ends meanwhile"}, after(func(_ *bridge.Outgoing, r *bridge.Receipt, err error) (*bridge.Receipt, error) {
		if err != nil {
			err = errOther
		}
		return r, err
	})},
	{"rejects when the context ends", []string{"send/context that has ended", "send/context that ends meanwhile", "file/context that has ended"}, after(func(_ *bridge.Outgoing, r *bridge.Receipt, err error) (*bridge.Receipt, error) {
		if err != nil {
			err = bridge.Reject("It took too long.", err)
		}
		return r, err
	})},
	{"one receipt for all", []string{"receipt/names one message"}, receipt(func(r *bridge.Receipt) { r.ID = "sent" })},
	{"parts without an ID", []string{"receipt/names one message"}, receipt(func(r *bridge.Receipt) { r.ID, r.Parts = "", append(r.Parts, r.ID) })},
	{"receipts that are not text", []string{"receipt/names one message"}, receipt(func(r *bridge.Receipt) { r.ID = "\xff" + r.ID })},
	{"only to the first", []string{"recipients/all", "recipients/goes on where it ended"}, before(func(m *bridge.Outgoing) { m.Recipients = m.Recipients[:1] })},
	{"always to the same customer", []string{"delivered/to the customer"}, before(func(m *bridge.Outgoing) {
		m.Recipients = slices.Clone(m.Recipients)
		m.Recipients[0].DeliveryIdentifier = channels.Phone("+14155550101")
	})},
	{"the last first", []string{"delivered/in order"}, text(func(s string) string {
		if strings.HasPrefix(s, "Message number ") {
			return strings.Map(func(r rune) rune {
				if '0' <= r && r <= '9' {
					return '9' - r + '0'
				}
				return r
			}, s)
		}
		return s
	})},
}

func receipt(change func(*bridge.Receipt)) func(*chat) bridge.Channel {
	return after(func(_ *bridge.Outgoing, r *bridge.Receipt, err error) (*bridge.Receipt, error) {
		if r != nil {
			change(r)
		}
		return r, err
	})
}

var textMistakes = []channelMistake{
	{"only the first plane", []string{"text/emoji", "text/many scripts", "rich text/special characters"}, shown(func(s string) string {
		return strings.Map(func(r rune) rune {
			if r > 0xffff {
				return -1
			}
			return r
		}, s)
	})},
	{"only ASCII", []string{"text/right to left", "text/many scripts"}, shown(func(s string) string {
		return strings.Map(func(r rune) rune {
			if r > 0x7f {
				return '?'
			}
			return r
		}, s)
	})},
	{"ends at NUL", []string{"text/NUL and control characters"}, shown(func(s string) string { s, _, _ = strings.Cut(s, "\x00"); return s })},
	{"cuts off", []string{"text/10,000 characters", "text/one long word", "rich text/long"}, shown(func(s string) string { return s[:min(len(s), 4096)] })},
	{"refuses spaces with no reason", []string{"text/only spaces"}, refuses(func(m *bridge.Outgoing) bool { return strings.TrimSpace(m.Text) == "" }, bridge.Reject("", nil))},
	{"fails for spaces", []string{"text/only spaces"}, refuses(func(m *bridge.Outgoing) bool { return strings.TrimSpace(m.Text) == "" }, errOther)},
	{"takes text for HTML", []string{"text/looks like HTML"}, text(plain)},
	{"takes text for Markdown", []string{"text/looks like Markdown"}, shown(func(s string) string { return strings.NewReplacer("*", "", "_", "", "`", "").Replace(s) })},
	{"fills in templates", []string{"text/looks like a template"}, shown(os.ExpandEnv)},
	{"cannot bear what it declares", []string{"rich text/every kind of format", "rich text/odd HTML"}, refuses(func(m *bridge.Outgoing) bool {
		return strings.Contains(m.RichText, "<strong>")
	}, bridge.Reject("This cannot be shown.", nil))},
}

// shown changes what the customer reads of texts with and without format.
func shown(change func(string) string) func(*chat) bridge.Channel {
	return before(func(m *bridge.Outgoing) { m.Text, m.RichText = change(m.Text), change(m.RichText) })
}

var errorMistakes = []channelMistake{
	{"all errors are alike", []string{"errors/customer who cannot be reached", "errors/service is throttled", "errors/credentials are revoked"},
		errorsAre(func(error) error { return errOther })},
	{"rejects everything", []string{"errors/service is down", "errors/service is back", "errors/service is throttled", "errors/credentials are revoked", "file/cannot be opened", "file/is gone", "file/breaks off"},
		errorsAre(func(err error) error { return bridge.Reject("It failed.", err) })},
	{"rejects with the error", []string{"errors/customer who cannot be reached"}, errorsAre(func(err error) error { return bridge.Reject(err.Error(), err) })},
	{"disconnects at once", []string{"errors/service is down"}, errorsAre(func(err error) error { return bridge.Disconnected("It failed.", err) })},
	{"swallows errors", []string{"errors/service is down", "recipients/goes on where it ended"}, errorsAre(func(error) error { return nil })},
	{"comes back too early", []string{"errors/service is throttled"}, errorsAre(func(err error) error { return bridge.RetryAfter(time.Second, err) })},
	{"comes back too late", []string{"errors/service is throttled"}, errorsAre(func(err error) error { return bridge.RetryAfter(time.Hour, err) })},
}

// errorsAre changes the errors that Send returns.
func errorsAre(change func(error) error) func(*chat) bridge.Channel {
	return after(func(_ *bridge.Outgoing, r *bridge.Receipt, err error) (*bridge.Receipt, error) {
		if err != nil {
			err = change(err)
		}
		return r, err
	})
}

var fileMistakes = []channelMistake{
	{"no files", []string{"file/type image png", "file/type application pdf", "file/without text", "file/large", "file/odd name", "file/several", "rich text/picture in the text"},
		before(func(m *bridge.Outgoing) { m.Media = nil })},
	{"files need a text", []string{"file/without text"}, refuses(func(m *bridge.Outgoing) bool { return m.Text == "" }, errOther)},
	{"only the first file", []string{"file/several"}, before(func(m *bridge.Outgoing) { m.Media = m.Media[:min(1, len(m.Media))] })},
	{"breaks with odd names", []string{"file/odd name"}, refuses(func(m *bridge.Outgoing) bool {
		return slices.ContainsFunc(m.Media, func(f *bridge.OutgoingMedia) bool { return strings.ContainsAny(f.Name, "\r\n\"") })
	}, errOther)},
	{"leaves files open", []string{"file/closed and not kept", "file/breaks off", "file/type image png"}, withFiles(eachFile(unclosed))},
	{"reads files later", []string{"file/closed and not kept"}, sends(func(c *chat) sender {
		return func(ctx context.Context, m *bridge.Outgoing) (*bridge.Receipt, error) {
			go func() {
				<-ctx.Done()
				_, _ = readAll(context.WithoutCancel(ctx), m.Media)
			}()
			return nil, nil
		}
	})},
	{"believes what it gets", []string{"file/breaks off"}, withFiles(eachFile(believing))},
	{"reads only the beginning", []string{"file/large"}, withFiles(eachFile(cautious))},
	{"leaves out what cannot be had", []string{"file/cannot be opened"}, withFiles(hopeful)},
	{"text before files", []string{"file/cannot be opened", "file/breaks off", "file/is gone"}, sends(textFirst)},
	{"panics without a file", []string{"file/cannot be opened"}, withFiles(eachFile(func(ctx context.Context, f *bridge.OutgoingMedia) ([]byte, error) {
		body, _ := f.Open(ctx)
		defer body.Close()
		return io.ReadAll(body)
	}))},
	{"an other version of the file", []string{"file/type image jpeg", "file/type text plain"}, withFiles(eachFile(func(ctx context.Context, f *bridge.OutgoingMedia) ([]byte, error) {
		content, err := readFile(ctx, f)
		return bytes.ToUpper(content), err
	}))},
}

var connectMistakes = []channelMistake{
	{"a form without names", []string{"connect/form"}, formOf(bridge.Field{Label: "Key"})},
	{"a form without labels", []string{"connect/form"}, formOf(bridge.Field{Name: "key"})},
	{"two fields of a name", []string{"connect/form"}, formOf(bridge.Field{Name: "key", Label: "Key"}, bridge.Field{Name: "key", Label: "Secret"})},
	{"a field of the page's own", []string{"connect/form"}, formOf(bridge.Field{Name: "proof", Label: "Proof"})},
	{"a field of no type", []string{"connect/form"}, formOf(bridge.Field{Name: "key", Label: "Key", Type: "secret"})},
	{"a password that is shown", []string{"connect/form"}, formOf(bridge.Field{Name: "key", Label: "Key", Type: "password", Value: key})},
	{"no form", []string{"connect/form", "connect/right values"}, func(c *chat) bridge.Channel {
		return &mistaken{chat: c, form: func() (*bridge.ConnectForm, error) { return nil, nil }}
	}},
	{"a form that changes", []string{"connect/form again"}, func(c *chat) bridge.Channel { return &mistaken{chat: c, form: lateForm()} }},
	{"an ordinary error", []string{"connect/wrong values"},
		connects(func(_ *bridge.ConnectRequest, c *bridge.Connection, err error) (*bridge.Connection, error) {
			if err != nil {
				err = errOther
			}
			return c, err
		})},
	{"no sentence", []string{"connect/wrong values"},
		connects(func(_ *bridge.ConnectRequest, c *bridge.Connection, err error) (*bridge.Connection, error) {
			if err != nil {
				err = bridge.Reject("invalid key", nil)
			}
			return c, err
		})},
	{"takes everything", []string{"connect/wrong values"},
		connects(func(_ *bridge.ConnectRequest, _ *bridge.Connection, _ error) (*bridge.Connection, error) {
			return &bridge.Connection{Name: "Shop", DeliveryIdentifier: shop}, nil
		})},
	{"an address as it was entered", []string{"connect/right values"}, connected(func(r *bridge.ConnectRequest, c *bridge.Connection) { c.DeliveryIdentifier.Value = r.Values["phone"] })},
	{"an address of another type", []string{"connect/right values"}, connected(func(_ *bridge.ConnectRequest, c *bridge.Connection) {
		c.DeliveryIdentifier = channels.Opaque(c.DeliveryIdentifier.Value)
	})},
	{"no name", []string{"connect/right values"}, connected(func(_ *bridge.ConnectRequest, c *bridge.Connection) { c.Name = "" })},
	{"a new account each time", []string{"connect/again"}, func(c *chat) bridge.Channel {
		n := 0
		return connected(func(_ *bridge.ConnectRequest, c *bridge.Connection) {
			n++
			c.DeliveryIdentifier = channels.Phone("+1415555020" + string(rune('0'+n)))
		})(c)
	}},
	{"does not trim", []string{"connect/spaces around"}, connects(func(r *bridge.ConnectRequest, c *bridge.Connection, err error) (*bridge.Connection, error) {
		if r.Values["key"] != strings.TrimSpace(r.Values["key"]) {
			return nil, bridge.Reject("The service does not know this key.", nil)
		}
		return c, err
	})},
	{"connects for ever", []string{"connect/context that has ended"}, connects(func(*bridge.ConnectRequest, *bridge.Connection, error) (*bridge.Connection, error) { select {} })},

	{"creates again", []string{"account/told twice"}, watches(func(_ context.Context, s *service, c *bridge.AccountChange) error {
		if c.Created() && s.hook(string(c.New.ID), true) {
			return errors.New("the hook exists already")
		}
		return nil
	})},
	{"deletes again", []string{"account/told twice", "account/deleted one that was never seen"}, watches(func(_ context.Context, s *service, c *bridge.AccountChange) error {
		if c.Created() || c.Deleted() {
			if existed := s.hook(string(c.New.ID), c.Created()); c.Deleted() && !existed {
				return errors.New("there is no such hook")
			}
		}
		return nil
	})},
	{"needs the old account", []string{"account/told twice"}, watches(func(_ context.Context, _ *service, c *bridge.AccountChange) error {
		if c.Old.Name == c.New.Name {
			return nil
		}
		return nil
	})},
	{"watches for ever", []string{"account/context that has ended"}, watches(func(context.Context, *service, *bridge.AccountChange) error { select {} })},
}

func connected(change func(*bridge.ConnectRequest, *bridge.Connection)) func(*chat) bridge.Channel {
	return connects(func(r *bridge.ConnectRequest, c *bridge.Connection, err error) (*bridge.Connection, error) {
		if err == nil {
			change(r, c)
		}
		return c, err
	})
}

var receiveMistakes = []channelMistake{
	{"opens nothing without an error", []string{"open/unknown reference"}, opens(func(ctx context.Context, c *chat, ref string) (*bridge.OpenedMedia, error) {
		o, _ := c.Open(ctx, nil, ref)
		return o, nil
	})},
	{"opens something else", []string{"open/unknown reference"}, opens(func(ctx context.Context, c *chat, _ string) (*bridge.OpenedMedia, error) {
		return c.Open(ctx, nil, "picture")
	})},
	{"opens once", []string{"open/again and again"}, func(c *chat) bridge.Channel {
		body := io.NopCloser(strings.NewReader("a picture"))
		return opens(func(context.Context, *chat, string) (*bridge.OpenedMedia, error) {
			return &bridge.OpenedMedia{Body: body}, nil
		})(c)
	}},
	{"a wrong size", []string{"open/again and again"}, opens(func(ctx context.Context, c *chat, ref string) (*bridge.OpenedMedia, error) {
		o, err := c.Open(ctx, nil, ref)
		if o != nil {
			o.Size = 7
		}
		return o, err
	})},
	{"writes until it is read", []string{"open/not read to its end"}, opens(func(ctx context.Context, c *chat, ref string) (*bridge.OpenedMedia, error) {
		r, w := io.Pipe()
		go func() {
			_, err := w.Write([]byte("a picture"))
			w.CloseWithError(err)
		}()
		return &bridge.OpenedMedia{Body: io.NopCloser(r)}, nil
	})},
	{"opens for ever", []string{"open/context that has ended"}, opens(func(context.Context, *chat, string) (*bridge.OpenedMedia, error) { select {} })},

	{"listens for ever", []string{"listen/returns", "listen/again", "listen/context that has ended"}, listens(func(context.Context, *chat, bridge.Inbox) error { select {} })},
	{"listens once", []string{"listen/again"}, func(c *chat) bridge.Channel {
		stop := make(chan struct{})
		return listens(func(ctx context.Context, _ *chat, _ bridge.Inbox) error {
			<-ctx.Done()
			close(stop)
			return nil
		})(c)
	}},
	{"a deaf listener", []string{"listen/hands over in order", "listen/goes on after a restart"}, listens(func(ctx context.Context, _ *chat, _ bridge.Inbox) error { <-ctx.Done(); return nil })},
	{"works on in the background", []string{"listen/returns"}, listens(func(ctx context.Context, c *chat, in bridge.Inbox) error {
		go func() { _ = c.Listen(context.WithoutCancel(ctx), nil, in) }()
		return nil
	})},
	{"hands over without an ID", []string{"listen/hands over in order"}, receives(func(ctx context.Context, in bridge.Inbox, m *bridge.Incoming) error {
		m.ID = ""
		return in.Receive(ctx, m)
	})},
	{"one ID for all", []string{"listen/hands over in order"}, receives(func(ctx context.Context, in bridge.Inbox, m *bridge.Incoming) error {
		m.ID = "message"
		_ = in.Receive(ctx, m)
		return nil
	})},
	{"does not heed that nothing was stored", []string{"listen/what could not be stored"}, receives(func(ctx context.Context, in bridge.Inbox, m *bridge.Incoming) error {
		_ = in.Receive(ctx, m)
		return nil
	})},
	{"in another order", []string{"listen/hands over in order"}, func(c *chat) bridge.Channel {
		var first *bridge.Incoming
		return receives(func(ctx context.Context, in bridge.Inbox, m *bridge.Incoming) error {
			if first == nil {
				first = m
				return nil
			}
			if err := in.Receive(ctx, m); err != nil || first.ID == "" {
				return err
			}
			before := *first
			first.ID = ""
			return in.Receive(ctx, &before)
		})(c)
	}},
}

// Every rule has a mistake that shows what it is good for.
func TestEveryChannelRuleCatchesAMistake(t *testing.T) {
	caught := map[string]bool{}
	for _, m := range channelMistakes {
		for _, rule := range m.rules {
			caught[strings.ReplaceAll(rule, " ", "_")] = true
		}
	}
	out, err := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestChannel$", "-test.v").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	rules := regexp.MustCompile(`--- PASS: TestChannel/(\S+)`).FindAllSubmatch(out, -1)
	for _, rule := range rules {
		if name := string(rule[1]); !caught[name] && !strings.HasPrefix(name, "file/type_") {
			t.Errorf("no mistake breaks the rule %s", name)
		}
	}
	if len(rules) == 0 {
		t.Error("no rules were run")
	}
}
