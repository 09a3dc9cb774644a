package bridgetest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"

	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/channels/bridge/bridgetest"
)

// mistaken is a channel that does some things in its own way.
type mistaken struct {
	*chat
	send    sender
	form    func() (*bridge.ConnectForm, error)
	connect func(context.Context, *bridge.ConnectRequest) (*bridge.Connection, error)
	watch   func(context.Context, *bridge.AccountChange) error
	open    func(ctx context.Context, ref string) (*bridge.OpenedMedia, error)
	listen  func(context.Context, bridge.Inbox) error
}

type sender = func(context.Context, *bridge.Outgoing) (*bridge.Receipt, error)

func (c *mistaken) Send(ctx context.Context, m *bridge.Outgoing) (*bridge.Receipt, error) {
	if c.send == nil {
		return c.chat.Send(ctx, m)
	}
	return c.send(ctx, m)
}

func (c *mistaken) ConnectForm(ctx context.Context, r *bridge.ConnectRequest) (*bridge.ConnectForm, error) {
	if c.form == nil {
		return c.chat.ConnectForm(ctx, r)
	}
	return c.form()
}

func (c *mistaken) Connect(ctx context.Context, r *bridge.ConnectRequest) (*bridge.Connection, error) {
	if c.connect == nil {
		return c.chat.Connect(ctx, r)
	}
	return c.connect(ctx, r)
}

func (c *mistaken) AccountChanged(ctx context.Context, change *bridge.AccountChange) error {
	if c.watch == nil {
		return c.chat.AccountChanged(ctx, change)
	}
	return c.watch(ctx, change)
}

func (c *mistaken) Open(ctx context.Context, a *bridge.Account, ref string) (*bridge.OpenedMedia, error) {
	if c.open == nil {
		return c.chat.Open(ctx, a, ref)
	}
	return c.open(ctx, ref)
}

func (c *mistaken) Listen(ctx context.Context, a *bridge.Account, in bridge.Inbox) error {
	if c.listen == nil {
		return c.chat.Listen(ctx, a, in)
	}
	return c.listen(ctx, in)
}

// sends changes what Send does.
func sends(send func(*chat) sender) func(*chat) bridge.Channel {
	return func(c *chat) bridge.Channel { return &mistaken{chat: c, send: send(c)} }
}

// before changes what Send gets.
func before(change func(*bridge.Outgoing)) func(*chat) bridge.Channel {
	return sends(func(c *chat) sender {
		return func(ctx context.Context, m *bridge.Outgoing) (*bridge.Receipt, error) {
			own := *m
			change(&own)
			return c.Send(ctx, &own)
		}
	})
}

// after changes what Send returns.
func after(change func(*bridge.Outgoing, *bridge.Receipt, error) (*bridge.Receipt, error)) func(*chat) bridge.Channel {
	return sends(func(c *chat) sender {
		return func(ctx context.Context, m *bridge.Outgoing) (*bridge.Receipt, error) {
			r, err := c.Send(ctx, m)
			return change(m, r, err)
		}
	})
}

// text changes what the customer reads.
func text(change func(string) string) func(*chat) bridge.Channel {
	return before(func(m *bridge.Outgoing) { m.Text, m.RichText = change(m.Text), "" })
}

// refuses returns an error for some messages.
func refuses(which func(*bridge.Outgoing) bool, err error) func(*chat) bridge.Channel {
	return sends(func(c *chat) sender {
		return func(ctx context.Context, m *bridge.Outgoing) (*bridge.Receipt, error) {
			if which(m) {
				return nil, err
			}
			return c.Send(ctx, m)
		}
	})
}

// careless is a Send that notes no steps.
func careless(c *chat) sender {
	return func(ctx context.Context, m *bridge.Outgoing) (*bridge.Receipt, error) {
		files, err := readAll(ctx, m.Media)
		if err != nil {
			return nil, err
		}
		var r bridge.Receipt
		for _, to := range m.Recipients {
			for _, page := range cut(m.Text) {
				d := bridgetest.Delivery{Text: page, Files: files}
				if r.ID, err = c.service.take(ctx, key, to.DeliveryIdentifier, d); err != nil {
					return nil, err
				}
				files = nil
			}
		}
		return &r, nil
	}
}

// textFirst is a Send that reads files when the text is under way.
func textFirst(c *chat) sender {
	return func(ctx context.Context, m *bridge.Outgoing) (*bridge.Receipt, error) {
		if _, err := c.service.take(ctx, key, m.To, bridgetest.Delivery{Text: m.Text}); err != nil {
			return nil, err
		}
		files, err := readAll(ctx, m.Media)
		if err != nil {
			return nil, err
		}
		id, err := c.service.take(ctx, key, m.To, bridgetest.Delivery{Files: files})
		return &bridge.Receipt{ID: id}, err
	}
}

// withFiles is a Send that reads files in its own way.
func withFiles(read func(context.Context, []*bridge.OutgoingMedia) ([][]byte, error)) func(*chat) bridge.Channel {
	return sends(func(c *chat) sender {
		return func(ctx context.Context, m *bridge.Outgoing) (*bridge.Receipt, error) {
			files, err := read(ctx, m.Media)
			if err != nil {
				return nil, err
			}
			id, err := c.step(ctx, m, m.To, 0, bridgetest.Delivery{Text: m.Text, Files: files})
			return &bridge.Receipt{ID: id}, err
		}
	})
}

// eachFile makes one content of each file.
func eachFile(read func(context.Context, *bridge.OutgoingMedia) ([]byte, error)) func(context.Context, []*bridge.OutgoingMedia) ([][]byte, error) {
	return func(ctx context.Context, media []*bridge.OutgoingMedia) ([][]byte, error) {
		var files [][]byte
		for _, f := range media {
			content, err := read(ctx, f)
			if err != nil {
				return nil, err
			}
			files = append(files, content)
		}
		return files, nil
	}
}

func unclosed(ctx context.Context, f *bridge.OutgoingMedia) ([]byte, error) {
	body, err := f.Open(ctx)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(body)
}

// believing takes what it gets for the whole.
func believing(ctx context.Context, f *bridge.OutgoingMedia) ([]byte, error) {
	body, err := f.Open(ctx)
	if err != nil {
		return nil, err
	}
	content, _ := io.ReadAll(body)
	return content, body.Close()
}

// cautious reads no more than 1 MiB.
func cautious(ctx context.Context, f *bridge.OutgoingMedia) ([]byte, error) {
	body, err := f.Open(ctx)
	if err != nil {
		return nil, err
	}
	content, err := io.ReadAll(io.LimitReader(body, 1<<20))
	if err != nil {
		return nil, err
	}
	return content, body.Close()
}

// hopeful leaves out what cannot be had.
func hopeful(ctx context.Context, media []*bridge.OutgoingMedia) ([][]byte, error) {
	var files [][]byte
	for _, f := range media {
		if content, err := readFile(ctx, f); err == nil {
			files = append(files, content)
		}
	}
	return files, ctx.Err()
}

// queued hands messages to a goroutine, which is at them when Send has returned.
func queued(c *chat) sender {
	return func(ctx context.Context, m *bridge.Outgoing) (*bridge.Receipt, error) {
		go func() {
			<-ctx.Done()
			_, _ = c.service.take(context.WithoutCancel(ctx), key, m.To, bridgetest.Delivery{Text: m.Text})
		}()
		return nil, nil
	}
}

// oneAtATime is a Send that refuses to do two things at once.
func oneAtATime(c *chat) sender {
	var busy atomic.Bool
	refused := make(chan struct{}, 100)
	return func(ctx context.Context, m *bridge.Outgoing) (*bridge.Receipt, error) {
		if !busy.CompareAndSwap(false, true) {
			refused <- struct{}{}
			return nil, errors.New("busy")
		}
		defer busy.Store(false)
		select {
		case <-refused:
		case <-ctx.Done():
		}
		return c.Send(ctx, m)
	}
}

// lateForm has a form with one more field whenever it is shown.
func lateForm() func() (*bridge.ConnectForm, error) {
	n := 0
	return func() (*bridge.ConnectForm, error) {
		n++
		return &bridge.ConnectForm{Fields: []bridge.Field{{Name: fmt.Sprint("key", n), Label: "Key"}}}, nil
	}
}

func formOf(fields ...bridge.Field) func(*chat) bridge.Channel {
	return func(c *chat) bridge.Channel {
		return &mistaken{chat: c, form: func() (*bridge.ConnectForm, error) { return &bridge.ConnectForm{Fields: fields}, nil }}
	}
}

// connects changes what becomes of an admin's entry.
func connects(change func(*bridge.ConnectRequest, *bridge.Connection, error) (*bridge.Connection, error)) func(*chat) bridge.Channel {
	return func(c *chat) bridge.Channel {
		return &mistaken{chat: c, connect: func(ctx context.Context, r *bridge.ConnectRequest) (*bridge.Connection, error) {
			connection, err := c.Connect(ctx, r)
			return change(r, connection, err)
		}}
	}
}

func watches(watch func(context.Context, *service, *bridge.AccountChange) error) func(*chat) bridge.Channel {
	return func(c *chat) bridge.Channel {
		return &mistaken{chat: c, watch: func(ctx context.Context, change *bridge.AccountChange) error { return watch(ctx, c.service, change) }}
	}
}

func opens(open func(context.Context, *chat, string) (*bridge.OpenedMedia, error)) func(*chat) bridge.Channel {
	return func(c *chat) bridge.Channel {
		return &mistaken{chat: c, open: func(ctx context.Context, ref string) (*bridge.OpenedMedia, error) { return open(ctx, c, ref) }}
	}
}

func listens(listen func(context.Context, *chat, bridge.Inbox) error) func(*chat) bridge.Channel {
	return func(c *chat) bridge.Channel {
		return &mistaken{chat: c, listen: func(ctx context.Context, in bridge.Inbox) error { return listen(ctx, c, in) }}
	}
}

// inboxFunc changes what a Listen hands over.
type inboxFunc struct {
	bridge.Inbox
	receive func(context.Context, *bridge.Incoming) error
}

func (in inboxFunc) Receive(ctx context.Context, m *bridge.Incoming) error { return in.receive(ctx, m) }

func receives(receive func(context.Context, bridge.Inbox, *bridge.Incoming) error) func(*chat) bridge.Channel {
	return listens(func(ctx context.Context, c *chat, in bridge.Inbox) error {
		return c.Listen(ctx, nil, inboxFunc{in, func(ctx context.Context, m *bridge.Incoming) error { return receive(ctx, in, m) }})
	})
}
