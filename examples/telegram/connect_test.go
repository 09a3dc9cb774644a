package main

import (
	"context"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/go-telegram/bot"
	"github.com/google/go-cmp/cmp"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/channels/hubspottest"
)

// popup opens the connect popup as an admin, enters a token, and returns what the page says then.
func (w *world) popup(portal int64, token string) (page string, c *hubspottest.Connection) {
	w.t.Helper()
	begun, err := w.hubspot.BeginConnection(portal, w.hubspot.Channels()[0].ID, "")
	if err != nil {
		w.t.Fatal(err)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		w.t.Fatal(err)
	}
	browser := &http.Client{Transport: w, Jar: jar}
	proof := regexp.MustCompile(`name="proof" value="([^"]*)"`).FindStringSubmatch(w.page(browser.Get(begun.PopupURL)))
	if proof == nil {
		w.t.Fatal("the form has no proof")
	}
	page = w.page(browser.PostForm(begun.PopupURL, url.Values{"token": {token}, "proof": {html.UnescapeString(proof[1])}}))
	if c, err = w.hubspot.Connection(begun.Token); err != nil {
		w.t.Fatal(err)
	}
	return html.UnescapeString(page), c
}

func (w *world) page(resp *http.Response, err error) string {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return string(body)
}

func (w *world) adaID() int64 { return w.ada.Customer().ID }

// account is the bot's account as Send and Listen get it.
func (w *world) account() *bridge.Account {
	return &bridge.Account{ID: "1", Identifier: channels.Opaque(chatID(w.bot.ID)), Credentials: []byte(w.bot.Token)}
}

func newTelegram(w *world) *telegram {
	return &telegram{url: "http://telegram.test", client: client{&http.Client{Transport: w}}, log: slog.New(slog.DiscardHandler)}
}

func TestConnect(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		got := w.hubspot.Accounts()[0]
		want := hubspottest.Identifier{Type: "CHANNEL_SPECIFIC_OPAQUE_ID", Value: chatID(w.bot.ID)}
		if got.Name != "@acme_bot" || *got.Identifier != want {
			t.Errorf("connected as %q, %v", got.Name, got.Identifier)
		}
	})
}

func TestWrongToken(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		const portal = 24681012
		hooked := w.telegram.AddBot("hooked_bot")
		api, err := newTelegram(w).api([]byte(hooked.Token))
		if err == nil {
			err = setWebhook(t.Context(), api)
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, test := range []struct{ token, want string }{
			{"hello", "This is not a bot's token."},
			{"1:x/../../bot" + w.bot.Token, "This is not a bot's token."},
			{chatID(w.bot.ID) + ":AAAA", "Telegram does not know this token."},
			{hooked.Token, "This bot works for another program already"},
		} {
			page, c := w.popup(portal, test.token)
			if !strings.Contains(page, test.want) || c.Done {
				t.Errorf("%s: done %v, want the page to say %q:\n%s", test.token, c.Done, test.want, page)
			}
			if strings.Contains(page, test.token) && test.token != "hello" {
				t.Errorf("%s: the page shows the token again", test.token)
			}
		}
		if _, c := w.popup(portal, " "+w.telegram.AddBot("second_bot").Token+"\n"); !c.Done {
			t.Error("a good token is not taken")
		}
	})
}

// Two portals would get each other's messages.
func TestBotOfAnotherPortal(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		const other = 99
		if err := w.hubspot.AddPortal(other, "Other Ltd"); err != nil {
			t.Fatal(err)
		}
		if err := w.hubspot.Install(t.Context(), other); err != nil {
			t.Fatal(err)
		}
		later(time.Second)
		page, c := w.popup(other, w.bot.Token)
		if want := "This bot is connected to another HubSpot account."; c.Done || !strings.Contains(page, want) {
			t.Errorf("done %v, want the page to say %q:\n%s", c.Done, want, page)
		}
	})
}

// Everything in one round, as in README.md.
func TestBothWays(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		w.ada.Write("Where is my order?")
		later(time.Second)
		w.reply(hubspottest.Reply{Text: "It ships today."})
		w.ada.Write("Thanks!")
		later(time.Second)
		want := []string{"Ada Lovelace: Where is my order?", "agent: It ships today. (SENT)", "Ada Lovelace: Thanks!"}
		if diff := cmp.Diff(want, w.inbox()); diff != "" {
			t.Errorf("the agent sees (-want +got):\n%s", diff)
		}
	})
}

func setWebhook(ctx context.Context, api *bot.Bot) error {
	_, err := api.SetWebhook(ctx, &bot.SetWebhookParams{URL: "https://other.test"})
	return err
}
