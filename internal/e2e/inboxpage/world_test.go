// Package inboxpage drives the simulator's inbox in a browser, with a small app of the SDK behind it.
package inboxpage

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/channels/bridge/memstore"
	"github.com/customchannels/customchannels-go/channels/hubspottest"
	"github.com/customchannels/customchannels-go/messages"
	"github.com/customchannels/customchannels-go/oauth"
)

const channelName = "Parcel Chat"

// shop is the address of the account that every world begins with, and market that of a second one.
var (
	shop   = channels.Opaque("shop")
	market = channels.Opaque("market")
)

// rich are the capabilities of a channel that takes nearly everything.
var rich = channels.Capabilities{
	DeliveryIdentifierTypes: []channels.IdentifierType{channels.TypeOpaque},
	RichText:                []channels.RichTextFeature{channels.Bold, channels.Italic, channels.Hyperlink, channels.Lists},
	ThreadingModel:          channels.ByIntegrationThread,
	AllowOutgoingMessages:   true,
	AllowConversationStart:  true,
	AllowInlineImages:       true,
	OutgoingAttachmentTypes: []channels.OutgoingAttachmentType{channels.OutgoingFile},
	MaxFileCount:            3,
	MaxFileBytes:            200_000,
	MaxTotalFileBytes:       300_000,
}

// plain are those of a channel for short texts.
var plain = channels.Capabilities{
	DeliveryIdentifierTypes: []channels.IdentifierType{channels.TypeOpaque},
	ThreadingModel:          channels.ByIntegrationThread,
	AllowOutgoingMessages:   true,
}

// world is a simulator with an app that records what agents send.
type world struct {
	*testing.T
	hubspot *hubspottest.Server
	bridge  *bridge.Bridge
	app     *oauth.App
	url     string // of the app
	account *hubspottest.Account

	mu     sync.Mutex
	told   int
	sent   []sent
	refuse string // the reason to refuse everything for; empty: nothing is refused
	shops  []channels.DeliveryIdentifier
}

// sent is what the service got.
type sent struct {
	To       string
	Account  channels.DeliveryIdentifier
	From     string
	Text     string
	RichText string
	Files    map[string]string // content by name
}

func newWorld(t *testing.T, capabilities channels.Capabilities) *world {
	t.Helper()
	w := &world{T: t, shops: []channels.DeliveryIdentifier{shop, market}}
	w.hubspot = hubspottest.New(hubspottest.Config{AppName: channelName, RateLimit: -1, RetryDelays: retries()})
	must(t, w.hubspot.Start())
	t.Cleanup(func() { _ = w.hubspot.Close() })

	server := httptest.NewUnstartedServer(nil)
	w.url = "http://" + server.Listener.Addr().String()
	registry, err := channels.NewRegistry(channels.DeveloperKey{AppID: w.hubspot.AppID(), Key: w.hubspot.DeveloperKey()}, channels.WithBaseURL(w.hubspot.URL()))
	must(t, err)
	store := memstore.New()
	w.app = &oauth.App{ClientID: w.hubspot.ClientID(), ClientSecret: w.hubspot.ClientSecret(), BaseURL: w.hubspot.URL(), Tokens: store}
	w.bridge, err = bridge.New(w, bridge.Config{
		App: w.app, Store: store, PublicURL: w.url, Registry: registry, API: []channels.Option{channels.WithRateLimit(0, 0)},
		Definition: bridge.Definition{Name: channelName, Description: "Chats about parcels.", Capabilities: capabilities},
	})
	must(t, err)
	server.Config.Handler = w.bridge
	server.Start()
	t.Cleanup(server.Close)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- w.bridge.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	w.hubspot.SetInstallURL(w.url + "/hubspot/install")
	return w
}

// retries are pauses for webhooks at which nobody has to wait.
func retries() []time.Duration {
	var list []time.Duration
	for range 100 {
		list = append(list, 100*time.Millisecond)
	}
	return list
}

// connect plays the admin, who connects the next of the app's shops.
func (w *world) connect() *world {
	w.Helper()
	account, err := w.hubspot.InstallAndConnect(w.Context())
	must(w.T, err)
	if w.account == nil {
		w.account = account
	}
	return w
}

// Send implements [bridge.Channel].
func (w *world) Send(ctx context.Context, m *bridge.Outgoing) (*bridge.Receipt, error) {
	files := map[string]string{}
	for _, f := range m.Media {
		content, err := f.Open(ctx)
		if err != nil {
			return nil, err
		}
		data, err := io.ReadAll(content)
		if err = errors.Join(err, content.Close()); err != nil {
			return nil, err
		}
		files[f.Name] = string(data)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.refuse != "" {
		return nil, bridge.Reject(w.refuse, nil)
	}
	w.sent = append(w.sent, sent{
		To: m.To.Value, Account: m.Account.Identifier, From: m.From.Name, Text: m.Text, RichText: m.RichText, Files: files,
	})
	return &bridge.Receipt{ID: fmt.Sprint("sent-", len(w.sent))}, nil
}

// ConnectForm implements [bridge.Connector].
func (w *world) ConnectForm(context.Context, *bridge.ConnectRequest) (*bridge.ConnectForm, error) {
	return &bridge.ConnectForm{Title: "Connect a shop"}, nil
}

// Connect implements [bridge.Connector].
func (w *world) Connect(context.Context, *bridge.ConnectRequest) (*bridge.Connection, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.shops) == 0 {
		return nil, bridge.Reject("There is no further shop.", nil)
	}
	address := w.shops[0]
	w.shops = w.shops[1:]
	return &bridge.Connection{Name: "Acme " + address.Value, DeliveryIdentifier: address}, nil
}

// arrived waits until the service has got n messages, and returns the last.
func (w *world) arrived(n int) sent {
	w.Helper()
	var last sent
	eventually(w.T, fmt.Sprintf("the service has %d messages", n), func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		if len(w.sent) < n {
			return false
		}
		last = w.sent[n-1]
		return true
	})
	return last
}

func (w *world) refuseAll(reason string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.refuse = reason
}

// say has a customer write to the shop, and waits until that is in the inbox.
func (w *world) say(name, text string, media ...bridge.Media) {
	w.Helper()
	w.receive(&bridge.Incoming{From: channels.Opaque(name), FromName: name, Text: text, Media: media})
}

func (w *world) receive(m *bridge.Incoming) {
	w.Helper()
	w.mu.Lock()
	w.told++
	n := w.told
	w.mu.Unlock()
	m.ID, m.To = fmt.Sprint("said-", n), shop
	before := w.incoming()
	// The account may be so new that the app has not read it yet.
	eventually(w.T, "the app takes the message", func() bool { return w.bridge.Receive(w.Context(), m) == nil })
	eventually(w.T, "the message is in the inbox", func() bool { return w.incoming() > before })
}

func (w *world) incoming() int {
	count := 0
	for _, thread := range w.hubspot.Threads() {
		for _, m := range w.hubspot.Messages(thread.ID) {
			if m.Direction == "INCOMING" {
				count++
			}
		}
	}
	return count
}

// publish puts a message with attachments that are no files into the customer's conversation.
func (w *world) publish(customer string, attachments ...messages.Attachment) {
	w.Helper()
	w.publishDraft(customer, &messages.Draft{Attachments: attachments})
}

// publishRich puts HTML into the customer's conversation just as it is.
func (w *world) publishRich(customer, html string) {
	w.Helper()
	w.publishDraft(customer, &messages.Draft{Text: "HTML", RichText: html})
}

func (w *world) publishDraft(customer string, d *messages.Draft) {
	w.Helper()
	api, err := channels.NewClient(w.app.Portal(w.account.PortalID), channels.WithBaseURL(w.hubspot.URL()))
	must(w.T, err)
	d.AccountID, d.Thread = channels.AccountID(w.account.ID), w.thread(customer).IntegrationThreadIDs[0]
	d.Senders = []messages.Participant{{Name: customer, DeliveryIdentifier: channels.Opaque(customer)}}
	d.Recipients = []messages.Participant{{DeliveryIdentifier: shop}}
	_, err = messages.NewClient(api).Publish(w.Context(), channels.ID(w.account.ChannelID), d)
	must(w.T, err)
}

// thread is the newest conversation of a customer.
func (w *world) thread(customer string) hubspottest.Thread {
	w.Helper()
	for _, thread := range w.hubspot.Threads() {
		if thread.Customer == customer {
			return thread
		}
	}
	w.Fatalf("%s has no conversation", customer)
	return hubspottest.Thread{}
}

// media is a file of a customer.
func media(name, contentType string, usage messages.FileUsage, content []byte) bridge.Media {
	return bridge.Media{Name: name, Type: contentType, Usage: usage, Body: bytes.NewReader(content)}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// patience bounds what others are waited for. How long that takes says nothing, so it is generous.
const patience = 30 * time.Second

// eventually polls for what others do.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		if ok() {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatalf("waited in vain until %s", what)
}
