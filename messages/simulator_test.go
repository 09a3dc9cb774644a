package messages_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/hubspottest"
	"github.com/customchannels/customchannels-go/messages"
)

// bench is a simulated HubSpot with a registered channel, an app installed in its portal and a connected account.
type bench struct {
	*hubspottest.Server
	http    *http.Client
	token   channels.StaticToken
	channel channels.ID
	account channels.AccountID
}

const simulator = "http://hubspot.example.test"

func newBench(t *testing.T, cfg hubspottest.Config) *bench {
	t.Helper()
	cfg.URL = simulator
	b := &bench{Server: hubspottest.New(cfg)}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	b.http = &http.Client{Transport: b.Transport(), CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	b.token = b.install(t)
	registry, err := channels.NewRegistry(channels.DeveloperKey{AppID: b.AppID(), Key: b.DeveloperKey()}, b.options()...)
	if err != nil {
		t.Fatal(err)
	}
	ensured, err := registry.Ensure(t.Context(), &channels.Registration{
		Name: "Acme", WebhookURL: "https://app.example.test/webhook",
		Capabilities: channels.Capabilities{
			DeliveryIdentifierTypes: []channels.IdentifierType{channels.TypeOpaque},
			ThreadingModel:          channels.ByIntegrationThread,
			AllowOutgoingMessages:   true,
		},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	b.channel = ensured.ID
	b.connect(t)
	return b
}

func (b *bench) options(more ...channels.Option) []channels.Option {
	return append([]channels.Option{channels.WithBaseURL(simulator), channels.WithHTTPClient(&http.Client{Transport: b.Transport()})}, more...)
}

// install goes through the consent page and returns the portal's token.
func (b *bench) install(t *testing.T) channels.StaticToken {
	t.Helper()
	const redirect = "http://localhost/callback"
	resp := b.post(t, "/oauth/authorize", url.Values{
		"client_id": {b.ClientID()}, "redirect_uri": {redirect}, "state": {"s"}, "portal": {"24681012"}, "decision": {"allow"},
		"scope": {"conversations.custom_channels.read conversations.custom_channels.write conversations.read files"},
	})
	back, err := resp.Location()
	if err != nil {
		t.Fatal(err)
	}
	resp = b.post(t, "/oauth/2026-09/token", url.Values{
		"grant_type": {"authorization_code"}, "client_id": {b.ClientID()}, "client_secret": {b.ClientSecret()},
		"redirect_uri": {redirect}, "code": {back.Query().Get("code")},
	})
	var answer struct {
		Token channels.StaticToken `json:"access_token"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil || answer.Token == "" {
		t.Fatalf("no token, status %d, %v", resp.StatusCode, err)
	}
	return answer.Token
}

func (b *bench) post(t *testing.T, path string, form url.Values) *http.Response {
	t.Helper()
	resp, err := b.http.PostForm(simulator+path, form)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = resp.Body.Close() })
	return resp
}

// connect connects the shop to the portal's first inbox.
func (b *bench) connect(t *testing.T) {
	t.Helper()
	api := b.api(t)
	for inbox, err := range api.Inboxes().All(t.Context(), nil) {
		if err != nil {
			t.Fatal(err)
		}
		account, err := api.Accounts().Create(t.Context(), b.channel, &channels.NewAccount{
			InboxID: inbox.ID, Name: "Shop", DeliveryIdentifier: channels.Opaque("shop"),
		})
		if err != nil {
			t.Fatal(err)
		}
		b.account = account.ID
		return
	}
	t.Fatal("the portal has no inbox")
}

func (b *bench) api(t *testing.T, more ...channels.Option) *channels.Client {
	t.Helper()
	api, err := channels.NewClient(b.token, b.options(more...)...)
	if err != nil {
		t.Fatal(err)
	}
	return api
}

func (b *bench) draft(id string) *messages.Draft {
	return &messages.Draft{
		AccountID: b.account, Thread: "chat-1", IdempotencyID: id, Text: "message " + id,
		Senders:    []messages.Participant{{Name: "Ada", DeliveryIdentifier: channels.Opaque("ada")}},
		Recipients: []messages.Participant{{DeliveryIdentifier: channels.Opaque("shop")}},
	}
}

func TestConversationWithTheSimulator(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, hubspottest.Config{ChannelVisibleAfter: 15 * time.Second})
		client, ctx := messages.NewClient(b.api(t)), t.Context()

		file, err := client.Upload(ctx, &messages.Upload{Name: "cat.png", ContentType: "image/png", Body: strings.NewReader("picture")})
		if err != nil {
			t.Fatal(err)
		}
		draft := b.draft("1")
		draft.Attachments = messages.Attachments{messages.File(file.ID, messages.UsageImage)}
		m, err := client.Publish(ctx, b.channel, draft)
		if err != nil {
			t.Fatal(err)
		}
		if m.Text != draft.Text || m.Direction != messages.DirectionIncoming || m.AccountID != b.account || len(m.Attachments) != 1 {
			t.Errorf("published %+v", m)
		}
		if again, err := client.Get(ctx, b.channel, m.ID); err != nil || again.ThreadID != m.ThreadID {
			t.Errorf("Get = %+v, %v", again, err)
		}
		signed, err := client.SignedURL(ctx, file.ID)
		if err != nil {
			t.Fatal(err)
		}
		stream, err := client.Download(ctx, signed.URL)
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(stream.Body)
		if err := errors.Join(err, stream.Body.Close()); err != nil || string(content) != "picture" || signed.FileName() != "cat.png" {
			t.Errorf("downloaded %q as %s, %v", content, signed.FileName(), err)
		}

		reply, err := b.Reply(string(m.ThreadID), hubspottest.Reply{Text: "Nice cat"})
		if err != nil {
			t.Fatal(err)
		}
		failed, err := client.SetStatus(ctx, b.channel, messages.ID(reply.ID), messages.StatusFailed, "Ada has blocked you.")
		if err != nil {
			t.Fatal(err)
		}
		if failed.Status.Type != messages.StatusFailed || failed.Status.Reason != "Ada has blocked you." {
			t.Errorf("the status is %+v", failed.Status)
		}
		actor, err := b.api(t).Actors().Get(ctx, failed.CreatedBy)
		if err != nil || actor.Type != channels.ActorAgent || actor.Name == "" {
			t.Errorf("the agent is %+v, %v", actor, err)
		}
	})
}

func TestGoodputUnderTheSimulatorsLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, hubspottest.Config{})
		time.Sleep(10 * time.Second) // the bench's own calls no longer count
		b.ClearJournal()
		client := messages.NewClient(b.api(t))
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		var wg sync.WaitGroup
		for worker := range 4 {
			wg.Go(func() {
				for n := 0; ; n++ {
					if _, err := client.Publish(ctx, b.channel, b.draft(strconv.Itoa(worker)+"/"+strconv.Itoa(n))); err != nil {
						if ctx.Err() == nil {
							t.Error(err)
						}
						return
					}
				}
			})
		}
		wg.Wait()
		accepted, refused := 0, 0
		for _, e := range b.Journal("message.publish") {
			switch e.Status {
			case http.StatusCreated:
				accepted++
			case http.StatusTooManyRequests:
				refused++
			}
		}
		if want := 6 * 110 * 97 / 100; accepted < want || refused > accepted/100 {
			t.Errorf("%d messages accepted and %d calls refused, want at least %d and at most 1 %%", accepted, refused, want)
		}
	})
}
