package bridge_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/channels/bridge/memstore"
	"github.com/customchannels/customchannels-go/oauth"
	"github.com/customchannels/customchannels-go/webhook"
)

// post sends a webhook as HubSpot does, signed with a secret.
func (b *bench) post(secret, body string) int {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, appURL+"/hubspot/webhook", strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	maps.Copy(req.Header, webhook.Sign(webhook.V3, secret, req.Method, req.URL.String(), []byte(body), time.Now()))
	resp, err := hosts{b}.RoundTrip(req)
	if err != nil {
		b.t.Fatal(err)
	}
	synctest.Wait()
	return resp.StatusCode
}

func outgoingEvent(channel, account, id string) string {
	return fmt.Sprintf(`{"type":"OUTGOING_CHANNEL_MESSAGE_CREATED","portalId":"%d","channelId":"%s","eventId":"e","eventTimestamp":"2026-10-01T09:25:01.300Z",
		"channelIntegrationThreadIds":["t"],"message":{"id":"%s","type":"MESSAGE","channelId":"%[2]s","channelAccountId":"%[4]s",
		"conversationsThreadId":"88","createdAt":"2026-10-01T09:25:00.950Z","createdBy":"A-1","senders":[{"actorId":"A-1"}],
		"recipients":[{"actorId":"V-1","deliveryIdentifier":{"type":"CHANNEL_SPECIFIC_OPAQUE_ID","value":"ada"}}],
		"text":"Hello","direction":"OUTGOING","status":"SENT","attachments":[]}}`, portal, channel, id, account)
}

func TestWebhookAnswers(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		channel, account := b.hubspot.Channels()[0].ID, b.hubspot.Accounts()[0].ID
		event := outgoingEvent(channel, account, "m1")
		for _, test := range []struct {
			name, secret, body string
			want               int
		}{
			{"another secret", "guess", event, http.StatusUnauthorized},
			{"too big", b.app.ClientSecret, strings.Repeat("x", 1<<20+1), http.StatusBadRequest},
			{"another channel", b.app.ClientSecret, outgoingEvent("1", account, "m0"), http.StatusNotFound},
			{"a message", b.app.ClientSecret, event, http.StatusOK},
			{"the same again", b.app.ClientSecret, event, http.StatusOK},
			{"beside another channel's", b.app.ClientSecret, "[" + outgoingEvent("1", account, "m0") + "," + outgoingEvent(channel, account, "m2") + "]", http.StatusOK},
			{"an unknown event", b.app.ClientSecret, `{"type":"SOMETHING_NEW","portalId":"1","channelId":"` + channel + `"}`, http.StatusOK},
			{"not understood", b.app.ClientSecret, `{"type":`, http.StatusOK},
		} {
			if got := b.post(test.secret, test.body); got != test.want {
				t.Errorf("%s: answered %d, want %d", test.name, got, test.want)
			}
		}
		if diff := cmp.Diff([]string{"Hello", "Hello"}, b.channel.texts()); diff != "" {
			t.Errorf("sent (-want +got):\n%s", diff)
		}
		if got := b.buried(); len(got) != 1 || !strings.HasPrefix(got[0], "unread: not understood: ") {
			t.Errorf("buried: %q, want what was not understood", got)
		}
	})
}

// While the app's client secret is rotated, HubSpot signs with the one and then with the other.
func TestOldClientSecret(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		channel, account := b.hubspot.Channels()[0].ID, b.hubspot.Accounts()[0].ID
		for _, test := range []struct {
			secret string
			want   int
		}{{b.app.ClientSecret, http.StatusOK}, {"old secret", http.StatusOK}, {"older secret", http.StatusUnauthorized}} {
			if got := b.post(test.secret, outgoingEvent(channel, account, "m "+test.secret)); got != test.want {
				t.Errorf("signed with %q: answered %d, want %d", test.secret, got, test.want)
			}
		}
	}, func(c *bridge.Config) { c.App.OldClientSecrets = []string{"old secret"} })
}

// HubSpot waits 5 seconds for an answer to a webhook: it is given without any call to the outside.
func TestWebhookCallsNobody(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		channel, account := b.hubspot.Channels()[0].ID, b.hubspot.Accounts()[0].ID
		b.stop()
		for _, account := range []string{account, "unknown"} {
			begun, before := time.Now(), len(b.hubspot.Journal())
			if got := b.post(b.app.ClientSecret, outgoingEvent(channel, account, "message for "+account)); got != http.StatusOK {
				t.Errorf("answered %d, want 200", got)
			}
			if took := time.Since(begun); took != 0 {
				t.Errorf("the answer took %v, want none of the time", took)
			}
			for _, e := range b.hubspot.Journal()[before:] {
				t.Errorf("for a message of account %s HubSpot was called: %s", account, e.Operation)
			}
		}
	})
}

// failingStore can be told to refuse all that is new.
type failingStore struct {
	*memstore.Store
	down atomic.Bool
}

func (s *failingStore) Accept(ctx context.Context, items ...*bridge.NewItem) ([]bridge.Acceptance, error) {
	if s.down.Load() {
		return nil, errors.New("disk full")
	}
	return s.Store.Accept(ctx, items...)
}

// What is not stored is not acknowledged: HubSpot and the service send it again.
func TestStoreDown(t *testing.T) {
	store := &failingStore{Store: memstore.New()}
	bubble(t, func(t *testing.T, b *bench) {
		b.receive(&bridge.Incoming{ID: "1", Text: "Hi", FromName: "Ada"})
		store.down.Store(true)
		if err := b.bridge.Receive(t.Context(), &bridge.Incoming{ID: "2", Text: "lost?", From: ada, To: shop}); err == nil {
			t.Error("Receive returned nil while the store was down")
		}
		if got := b.post(b.app.ClientSecret, outgoingEvent(b.hubspot.Channels()[0].ID, b.hubspot.Accounts()[0].ID, "m1")); got != http.StatusServiceUnavailable {
			t.Errorf("the webhook was answered %d, want 503", got)
		}
		b.reply("Hello")
		store.down.Store(false)
		later(time.Minute) // HubSpot's next attempt
		if diff := cmp.Diff([]string{"Hello"}, b.channel.texts()); diff != "" {
			t.Errorf("sent (-want +got):\n%s", diff)
		}
	}, func(c *bridge.Config) { c.Store = store })
}

// browser is an admin's: it keeps cookies and does not follow redirects.
func (b *bench) browser() *http.Client {
	jar, err := cookiejar.New(nil)
	if err != nil {
		b.t.Fatal(err)
	}
	return &http.Client{Transport: hosts{b}, Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

func (b *bench) connectURL(change ...string) string {
	q := url.Values{
		"accountToken": {"staged"}, "channelId": {b.hubspot.Channels()[0].ID}, "inboxId": {"480001"},
		"portalId": {fmt.Sprint(portal)}, "redirectUrl": {hsURL + "/done"},
	}
	for i := 0; i < len(change); i += 2 {
		q.Set(change[i], change[i+1])
	}
	return appURL + "/hubspot/connect?" + q.Encode()
}

func read(t *testing.T, resp *http.Response, err error) (status int, body string) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(data)
}

var proofForm = regexp.MustCompile(`name="proof" value="([^"]+)"`)

// The parameters of the popup are not signed, so nothing is taken on trust.
func TestConnectRefusals(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		for name, test := range map[string]struct {
			change []string
			want   string
		}{
			"opened by hand":    {[]string{"accountToken", ""}, "opened by HubSpot"},
			"no portal":         {[]string{"portalId", "x"}, "opened by HubSpot"},
			"another channel":   {[]string{"channelId", "1"}, "another channel"},
			"forged redirect":   {[]string{"redirectUrl", "https://evil.test/"}, "not HubSpot's"},
			"redirect by proxy": {[]string{"redirectUrl", hsURL + "@evil.test/"}, "not HubSpot's"},
			"scripted redirect": {[]string{"redirectUrl", "javascript:alert(1)"}, "not HubSpot's"},
		} {
			resp, err := b.browser().Get(b.connectURL(test.change...))
			if status, body := read(t, resp, err); status != http.StatusBadRequest || !strings.Contains(strings.ReplaceAll(body, "&#39;", "'"), test.want) {
				t.Errorf("%s: answered %d without %q", name, status, test.want)
			}
		}
		if n := len(b.hubspot.Accounts()); n != 1 {
			t.Errorf("there are %d accounts, want the 1 from before", n)
		}
	})
}

func TestConnectForm(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		browser := b.browser()
		resp, err := browser.Get(b.connectURL())
		status, body := read(t, resp, err)
		if status != http.StatusOK || !strings.Contains(body, "Connect a shop") {
			t.Fatalf("answered %d: %s", status, body)
		}
		proof := proofForm.FindStringSubmatch(body)[1]
		policy := resp.Header.Get("Content-Security-Policy")
		if !strings.Contains(policy, "default-src 'none'") || !strings.Contains(policy, "form-action 'self' "+hsURL+";") {
			t.Errorf("policy = %q", policy)
		}

		resp, err = browser.PostForm(b.connectURL(), url.Values{"proof": {proof}, "name": {""}, "key": {"s3cret"}})
		if status, body := read(t, resp, err); status != http.StatusUnprocessableEntity || !strings.Contains(body, "Please fill this in.") || strings.Contains(body, "s3cret") {
			t.Errorf("a required value is missing: answered %d: %s", status, body)
		}
		// Another site can post the form, but not with this browser's cookie and proof together.
		resp, err = b.browser().PostForm(b.connectURL(), url.Values{"proof": {proof}, "name": {"Shop"}})
		if status, _ := read(t, resp, err); status != http.StatusForbidden {
			t.Errorf("another browser: answered %d, want 403", status)
		}
		resp, err = browser.PostForm(b.connectURL("accountToken", "other"), url.Values{"proof": {proof}, "name": {"Shop"}})
		if status, _ := read(t, resp, err); status != http.StatusForbidden {
			t.Errorf("another staging token: answered %d, want 403", status)
		}
	})
}

// An admin who connects before the app is installed is led through the installation first.
func TestConnectInstallsFirst(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		const other = 999
		if err := b.hubspot.AddPortal(other, "Other Ltd"); err != nil {
			t.Fatal(err)
		}
		resp, err := b.browser().Get(b.connectURL("portalId", fmt.Sprint(other)))
		if status, _ := read(t, resp, err); status < 300 || status > 399 {
			t.Fatalf("answered %d, want a redirect", status)
		}
		if to := resp.Header.Get("Location"); !strings.HasPrefix(to, hsURL+"/oauth/999/authorize?") {
			t.Errorf("redirects to %q, want the consent page of portal 999", to)
		}
	})
}

// Credentials that the admin entered reach Send, and no printed form of the account.
func TestCredentials(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		var got string
		b.channel.send = func(_ context.Context, _ int, m *bridge.Outgoing) (*bridge.Receipt, error) {
			got = string(m.Account.Credentials)
			for _, printed := range []string{fmt.Sprint(m.Account), fmt.Sprintf("%+v", *m.Account), fmt.Sprintf("%#v", m.Account)} {
				if strings.Contains(printed, "s3cret") {
					t.Errorf("printed: %s", printed)
				}
			}
			return nil, nil
		}
		b.run()
		if _, err := b.hubspot.InstallAndConnect(t.Context()); err != nil {
			t.Fatal(err)
		}
		account, err := b.bridge.Account(t.Context(), shop)
		if err != nil {
			t.Fatal(err)
		}
		account.Credentials = []byte("s3cret")
		if _, err := b.store.SaveAccount(t.Context(), account); err != nil {
			t.Fatal(err)
		}
		b.receive(&bridge.Incoming{ID: "1", Text: "Hi"})
		b.reply("Hello")
		if got != "s3cret" {
			t.Errorf("Send got credentials %q", got)
		}
	})
}

func TestConfigErrors(t *testing.T) {
	registry, err := channels.NewRegistry(channels.DeveloperKey{AppID: 1, Key: "k"})
	if err != nil {
		t.Fatal(err)
	}
	good := func() bridge.Config {
		return bridge.Config{App: &oauth.App{}, Store: memstore.New(), PublicURL: "https://chat.example.com", ChannelID: "1"}
	}
	for name, test := range map[string]struct {
		spoil func(*bridge.Config)
		want  string
	}{
		"no app":            {func(c *bridge.Config) { c.App = nil }, "bridge: Config.App is required"},
		"no store":          {func(c *bridge.Config) { c.Store = nil }, "bridge: Config.Store is required: memstore.New() or sqlstore.Open(…)"},
		"no channel":        {func(c *bridge.Config) { c.ChannelID = "" }, "bridge: Config.DeveloperKey, Registry or ChannelID is required"},
		"no name":           {func(c *bridge.Config) { c.Registry = registry }, "bridge: Config.Definition.Name is required to register the channel"},
		"relative URL":      {func(c *bridge.Config) { c.PublicURL = "chat.example.com" }, `bridge: Config.PublicURL "chat.example.com" must be like https://chat.example.com`},
		"prefix":            {func(c *bridge.Config) { c.Prefix = "hubspot/" }, `bridge: Config.Prefix must begin with "/" and not end with it`},
		"negative duration": {func(c *bridge.Config) { c.HoldFor = -1 }, "bridge: Config.DeliverFor, HoldFor, IdempotencyWindow, SendTimeout and StopTimeout must not be negative"},
	} {
		c := good()
		test.spoil(&c)
		if _, err := bridge.New(&recorder{}, c); err == nil || err.Error() != test.want {
			t.Errorf("%s: New = %v, want %s", name, err, test.want)
		}
	}
	if _, err := bridge.New(&recorder{}, good()); err != nil {
		t.Errorf("New = %v", err)
	}
}

// mortalStore is a store whose nodes live for a while only, and which can be out of reach.
type mortalStore struct {
	bridge.Store
	down atomic.Bool
}

var errOutOfReach = errors.New("the store is out of reach")

func (s *mortalStore) Join(ctx context.Context, channel channels.ID) (bridge.Node, error) {
	if s.down.Load() {
		return 0, errOutOfReach
	}
	return s.Store.Join(ctx, channel)
}

func (s *mortalStore) Renew(context.Context, bridge.Node) (time.Duration, error) {
	if s.down.Load() {
		return 0, errOutOfReach
	}
	return 15 * time.Second, nil
}

func (s *mortalStore) Leave(ctx context.Context, node bridge.Node) error {
	if s.down.Load() {
		return errOutOfReach
	}
	return s.Store.Leave(ctx, node)
}

// A store that is out of reach for longer than a node lives does not end Run: the bridge begins anew when it is back.
func TestStoreComesBack(t *testing.T) {
	store := &mortalStore{}
	bubble(t, func(t *testing.T, b *bench) {
		store.down.Store(true)
		later(time.Minute)
		store.down.Store(false)
		later(time.Minute)
		b.receive(&bridge.Incoming{ID: "1", Text: "Hi", FromName: "Ada"})
		if diff := cmp.Diff([]string{"Ada: Hi"}, b.shown()); diff != "" {
			t.Errorf("the agent sees (-want +got):\n%s", diff)
		}
		b.stop()
	}, func(cfg *bridge.Config) {
		store.Store = cfg.Store
		cfg.Store = store
	})
}

// slowStore is a store that takes its time to let a bridge join.
type slowStore struct{ bridge.Store }

func (slowStore) Join(ctx context.Context, _ channels.ID) (bridge.Node, error) {
	<-ctx.Done()
	return 0, ctx.Err()
}

func TestStopWhileStarting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, func(cfg *bridge.Config) { cfg.ChannelID, cfg.Store = "1", slowStore{cfg.Store} })
		b.run()
		synctest.Wait()
		b.stop() // fails the test if Run returns an error
	})
}

func TestDrainOutlivesALease(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		b.receive(&bridge.Incoming{ID: "1", Text: "Hi"})
		b.stop()
		b.channel.send = func(context.Context, int, *bridge.Outgoing) (*bridge.Receipt, error) {
			time.Sleep(20 * time.Second)
			return nil, nil
		}
		b.reply("one")
		b.reply("two")
		if err := b.bridge.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"one", "two"}, b.channel.texts()); diff != "" {
			t.Errorf("sent (-want +got):\n%s", diff)
		}
	}, func(c *bridge.Config) { c.Store = &mortalStore{Store: c.Store} })
}
