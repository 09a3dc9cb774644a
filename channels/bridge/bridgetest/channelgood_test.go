package bridgetest_test

import (
	"context"
	"errors"
	"fmt"
	"html"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/channels/bridge/bridgetest"
)

// chat is a channel that does everything right, unless it has a mistake.
type chat struct {
	service *service
}

// pageSize is how many characters the service takes at once.
const pageSize = 4000

// Send implements [bridge.Channel].
func (c *chat) Send(ctx context.Context, m *bridge.Outgoing) (*bridge.Receipt, error) {
	files, err := readAll(ctx, m.Media)
	if err != nil {
		return nil, err
	}
	text := m.Text
	if m.RichText != "" {
		text = plain(m.RichText)
	}
	pages := cut(text)
	var ids []string
	var failed error
	for _, r := range m.Recipients {
		to := r.DeliveryIdentifier
		for n, page := range pages {
			d := bridgetest.Delivery{Text: page}
			if n == 0 {
				d.Files = files
			}
			id, err := c.step(ctx, m, to, n, d)
			if err != nil {
				failed = errors.Join(failed, err)
				break
			}
			ids = append(ids, id)
		}
	}
	if failed != nil {
		return nil, failed
	}
	return &bridge.Receipt{ID: ids[0], Parts: ids[1:]}, nil
}

// step delivers a page to a recipient who has not got it yet.
func (c *chat) step(ctx context.Context, m *bridge.Outgoing, to channels.DeliveryIdentifier, n int, d bridgetest.Delivery) (string, error) {
	step := to.Value
	if n > 0 {
		step = fmt.Sprint(to.Value, " page ", n+1)
	}
	if id, done := m.WasDelivered(step); done {
		return id, nil
	}
	id, err := c.service.take(ctx, string(m.Account.Credentials), to, d)
	switch {
	case errors.Is(err, errBlocked):
		return "", bridge.Reject("This number has blocked you.", err)
	case errors.Is(err, errThrottled):
		return "", bridge.RetryAfter(30*time.Second, err)
	case errors.Is(err, errRevoked):
		return "", bridge.Disconnected("The key was revoked.", err)
	case err != nil:
		return "", err
	}
	return id, m.Delivered(step, id)
}

func readAll(ctx context.Context, media []*bridge.OutgoingMedia) ([][]byte, error) {
	var files [][]byte
	for _, f := range media {
		content, err := readFile(ctx, f)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name, err)
		}
		files = append(files, content)
	}
	return files, nil
}

func readFile(ctx context.Context, f *bridge.OutgoingMedia) ([]byte, error) {
	body, err := f.Open(ctx)
	if err != nil {
		return nil, err
	}
	content, err := io.ReadAll(body)
	return content, errors.Join(err, body.Close())
}

var unshown = regexp.MustCompile(`(?s)<script.*?</script>|<!--.*?-->|<[^>]*>`)

// plain is what a customer sees of HTML.
func plain(s string) string { return html.UnescapeString(unshown.ReplaceAllString(s, " ")) }

// cut makes pages of a text; a message without text is a page too.
func cut(text string) []string {
	runes := []rune(text)
	if len(runes) <= pageSize {
		return []string{text}
	}
	var pages []string
	count := (len(runes) + pageSize - 1) / pageSize
	for n := range count {
		page := runes[n*pageSize : min((n+1)*pageSize, len(runes))]
		pages = append(pages, fmt.Sprintf("(%d/%d) %s", n+1, count, string(page)))
	}
	return pages
}

// ConnectForm implements [bridge.Connector].
func (c *chat) ConnectForm(context.Context, *bridge.ConnectRequest) (*bridge.ConnectForm, error) {
	return &bridge.ConnectForm{Fields: []bridge.Field{
		{Name: "phone", Label: "Phone number", Type: "tel", Required: true},
		{Name: "key", Label: "Key", Type: "password", Required: true},
		{Name: "name", Label: "Name", Value: "Shop"},
	}}, nil
}

// Connect implements [bridge.Connector].
func (c *chat) Connect(_ context.Context, r *bridge.ConnectRequest) (*bridge.Connection, error) {
	phone, given := channels.Phone(r.Values["phone"]), strings.TrimSpace(r.Values["key"])
	if err := phone.Validate(); err != nil {
		return nil, bridge.Reject("Please enter the phone number with its country code.", err)
	}
	if given != key {
		return nil, bridge.Reject("The service does not know this key.", nil)
	}
	return &bridge.Connection{Name: "Shop", DeliveryIdentifier: phone, Credentials: []byte(given)}, nil
}

// AccountChanged implements [bridge.AccountWatcher].
func (c *chat) AccountChanged(_ context.Context, change *bridge.AccountChange) error {
	if change.Created() || change.Deleted() {
		c.service.hook(string(change.New.ID), change.Created())
	}
	return nil
}

// Open implements [bridge.MediaOpener].
func (c *chat) Open(ctx context.Context, _ *bridge.Account, ref string) (*bridge.OpenedMedia, error) {
	if ref != "picture" {
		return nil, bridge.Reject("The file is gone.", nil)
	}
	return &bridge.OpenedMedia{Body: io.NopCloser(strings.NewReader("a picture")), Name: "picture.png", Size: 9}, ctx.Err()
}

// Listen implements [bridge.Listener].
func (c *chat) Listen(ctx context.Context, _ *bridge.Account, in bridge.Inbox) error {
	for {
		n := c.service.marked()
		text, err := c.service.next(ctx, n)
		if err != nil {
			return err
		}
		if err := in.Receive(ctx, &bridge.Incoming{ID: fmt.Sprint("incoming-", n), From: channels.Phone("+14155550101"), Text: text}); err != nil {
			return err
		}
		c.service.mark(n + 1)
	}
}

// wrapper has what it wraps do all the work.
type wrapper struct{ bridge.Channel }

func (w wrapper) Unwrap() bridge.Channel { return w.Channel }

// runChat tests a channel, with a service of its own for every rule.
func runChat(t *testing.T, patience time.Duration, wrap func(*chat) bridge.Channel) {
	var current *service
	o := options(func() *service { return current })
	o.Patience = patience
	bridgetest.RunChannel(t, func(*testing.T) bridge.Channel {
		current = newService()
		return wrap(&chat{current})
	}, o)
}

func TestChannel(t *testing.T) { runChat(t, 0, func(c *chat) bridge.Channel { return c }) }

func TestWrappedChannel(t *testing.T) {
	runChat(t, 0, func(c *chat) bridge.Channel { return wrapper{wrapper{c}} })
}

// A channel of whose service nothing is known is tested too.
func TestChannelAlone(t *testing.T) {
	bridgetest.RunChannel(t, func(*testing.T) bridge.Channel { return &chat{newService()} }, plainOptions())
}

func TestGateway(t *testing.T) { testGateway(t) }

// A channel may give customers the addresses of files.
func TestChannelWithLinks(t *testing.T) {
	var current *service
	o := options(func() *service { return current })
	o.Definition.Capabilities.AllowInlineImages, o.Definition.Capabilities.RichText = false, nil
	o.Links = true
	bridgetest.RunChannel(t, func(*testing.T) bridge.Channel {
		current = newService()
		c := &chat{current}
		return &mistaken{chat: c, send: func(ctx context.Context, m *bridge.Outgoing) (*bridge.Receipt, error) {
			for _, f := range m.Media {
				m.Text += "\n" + f.URL
			}
			m.Media = nil
			return c.Send(ctx, m)
		}}
	}, o)
}

// What the messaging service starts is not taken for the channel's.
func TestServiceWithGoroutines(t *testing.T) {
	var current *service
	o := options(func() *service { return current })
	down, revoke, write := o.Down, o.Revoke, o.Write
	end := make(chan struct{})
	t.Cleanup(func() { close(end) })
	begin := func() { go func() { <-end }() }
	o.Down = func(t *testing.T, to channels.DeliveryIdentifier) func() {
		up := down(t, to)
		begin()
		return func() {
			begin()
			up()
		}
	}
	o.Revoke = func(t *testing.T) {
		t.Cleanup(begin)
		revoke(t)
	}
	o.Write = func(t *testing.T, text string) {
		begin()
		write(t, text)
	}
	o.Patience = time.Second / 2
	bridgetest.RunChannel(t, func(*testing.T) bridge.Channel {
		current = newService()
		return &chat{current}
	}, o)
}

// Of a channel that only takes messages in, nothing is sent.
func TestChannelThatSendsNothing(t *testing.T) {
	o := plainOptions()
	o.Definition.Capabilities = channels.Capabilities{DeliveryIdentifierTypes: []channels.IdentifierType{channels.TypeOpaque}}
	bridgetest.RunChannel(t, func(t *testing.T) bridge.Channel {
		return &mistaken{chat: &chat{newService()}, send: func(context.Context, *bridge.Outgoing) (*bridge.Receipt, error) {
			t.Error("Send was called")
			return nil, nil
		}}
	}, o)
}
