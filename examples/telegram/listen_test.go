package main

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/examples/telegram/botapi"
	"github.com/customchannels/customchannels-go/messages"
)

// inboxFunc is an inbox that takes what a function takes.
type inboxFunc func(*bridge.Incoming) error

func (f inboxFunc) Receive(_ context.Context, m *bridge.Incoming) error { return f(m) }
func (f inboxFunc) Report(context.Context, string, messages.StatusType, string) error {
	return errors.New("unexpected")
}

// Telegram is told to forget an update only after the bridge has it.
func TestUpdatesAreConfirmedOnceStored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &world{t: t, telegram: botapi.New(), log: new(strings.Builder), stop: func() {}}
		w.bot = w.telegram.AddBot("acme_bot")
		ada := w.telegram.AddCustomer("Ada", "").Chat(w.bot)
		channel := newTelegram(w)
		for _, text := range []string{"1", "2", "invalid", "3"} {
			ada.Write(text)
		}
		var got []string
		full := errors.New("the store is full")
		try := func(refused string) error {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			return channel.Listen(ctx, w.account(), inboxFunc(func(m *bridge.Incoming) error {
				switch m.Text {
				case refused:
					return full
				case "invalid":
					return bridge.ErrInvalid
				}
				got = append(got, m.Text)
				return nil
			}))
		}
		if err := try("2"); !errors.Is(err, full) {
			t.Errorf("Listen: %v", err)
		}
		if n := w.telegram.Pending(w.bot); n != 4 {
			t.Errorf("%d updates are kept, want all 4", n)
		}
		if err := try(""); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Listen: %v", err)
		}
		if n := w.telegram.Pending(w.bot); n != 0 {
			t.Errorf("%d updates are kept", n)
		}
		if diff := cmp.Diff([]string{"1", "1", "2", "3"}, got); diff != "" {
			t.Errorf("handed over (-want +got):\n%s", diff)
		}
	})
}

// An update that cannot be read does not stop those behind it, and is confirmed with them.
func TestUnreadableUpdate(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var offsets []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		offsets = append(offsets, r.PostFormValue("offset"))
		if len(offsets) == 2 {
			cancel()
		}
		_, _ = w.Write([]byte(`{"ok":true,"result":[{"update_id":4,"message":"what?"},
			{"update_id":5,"message":{"message_id":1,"date":1,"chat":{"id":7,"type":"private"},"text":"Hi"}}]}`))
	}))
	defer server.Close()
	w := &world{t: t, log: new(strings.Builder)}
	channel := newTelegram(w)
	channel.url, channel.client = server.URL, client{server.Client()}
	var got []string
	err := channel.Listen(ctx, &bridge.Account{Credentials: []byte("1:x")}, inboxFunc(func(m *bridge.Incoming) error {
		got = append(got, m.ID+" "+m.Text)
		return nil
	}))
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Listen: %v", err)
	}
	if diff := cmp.Diff([]string{"0", "6"}, offsets); diff != "" {
		t.Errorf("offsets (-want +got):\n%s", diff)
	}
	if got[0] != "7/1 Hi" {
		t.Errorf("got %q", got)
	}
}

// With a token that is good no more the account is disconnected, until an admin connects the bot again.
func TestRevokedToken(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		w.ada.Write("1")
		later(time.Second)
		w.telegram.Revoke(w.bot)
		later(time.Second)
		if w.hubspot.Accounts()[0].Authorized {
			t.Error("the account is still authorized")
		}
		w.channel.ownToken = w.bot.Token
		if _, err := w.hubspot.InstallAndConnect(t.Context()); err != nil {
			t.Fatal(err)
		}
		later(time.Minute)
		if !w.hubspot.Accounts()[0].Authorized {
			t.Error("the account is not authorized again")
		}
		w.ada.Write("2")
		later(time.Minute)
		if diff := cmp.Diff([]string{"Ada Lovelace: 1", "Ada Lovelace: 2"}, w.inbox()); diff != "" {
			t.Errorf("the agent sees (-want +got):\n%s", diff)
		}
	})
}

// Another program with the bot's token gets in the way as long as it runs, and no longer.
func TestConflict(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		w.telegram.Fail(botapi.Fault{Method: "getUpdates", Times: 3, Code: 409, Description: "Conflict: terminated by other getUpdates request"})
		w.ada.Write("Hi")
		later(5 * time.Minute)
		if diff := cmp.Diff([]string{"Ada Lovelace: Hi"}, w.inbox()); diff != "" {
			t.Errorf("the agent sees (-want +got):\n%s", diff)
		}
		if !w.hubspot.Accounts()[0].Authorized {
			t.Error("the account was disconnected")
		}
	})
}

// broken is a network on which only getFile is answered.
type broken struct{ http.RoundTripper }

func (b broken) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.HasSuffix(r.URL.Path, "/getFile") {
		return b.RoundTripper.RoundTrip(r)
	}
	return nil, errors.New("no route to host")
}

// A token is a part of every address, but of no error.
func TestErrorsWithoutToken(t *testing.T) {
	w := &world{t: t, telegram: botapi.New(), log: new(strings.Builder)}
	w.bot = w.telegram.AddBot("acme_bot")
	channel := newTelegram(w)
	channel.client = client{&http.Client{Transport: broken{w}}}
	errs := map[string]error{"Listen": channel.Listen(t.Context(), w.account(), nil)}
	_, errs["Open"] = channel.Open(t.Context(), w.account(), w.telegram.AddFile("x.png", []byte("x")))
	_, errs["Send"] = channel.Send(t.Context(), &bridge.Outgoing{Account: w.account(), To: channels.Opaque("7"), Text: "Hello"})
	_, errs["Connect"] = channel.Connect(t.Context(), &bridge.ConnectRequest{Values: map[string]string{"token": w.bot.Token}})
	for name, err := range errs {
		if err == nil || !strings.Contains(err.Error(), "no route to host") || strings.Contains(err.Error(), w.bot.Token) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
