package channels_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/oauth2"

	"github.com/customchannels/customchannels-go/channels"
)

func TestOptionsAreChecked(t *testing.T) {
	t.Parallel()
	for name, opt := range map[string]channels.Option{
		"relative base URL":     channels.WithBaseURL("/api"),
		"base URL with user":    channels.WithBaseURL("https://u:p@example.test"),
		"base URL with query":   channels.WithBaseURL("https://example.test?a=1"),
		"other scheme":          channels.WithBaseURL("ftp://example.test"),
		"nil client":            channels.WithHTTPClient(nil),
		"nil logger":            channels.WithLogger(nil),
		"version":               channels.WithVersion("latest"),
		"version with slash":    channels.WithVersion("v3/../x"),
		"conversations version": channels.WithConversationsVersion(""),
		"files version":         channels.WithFilesVersion("3"),
		"negative retries":      channels.WithRetry(channels.RetryPolicy{MaxAttempts: -1}),
		"negative rate":         channels.WithRateLimit(-1, time.Second),
		"rate without window":   channels.WithRateLimit(1, 0),
	} {
		if _, err := channels.NewClient(channels.StaticToken("t"), opt); !errors.Is(err, channels.ErrInvalid) {
			t.Errorf("%s: NewClient = %v, want an error that matches ErrInvalid", name, err)
		}
	}
	if _, err := channels.NewClient(nil); err == nil {
		t.Error("NewClient without a token source: want an error")
	}
	for _, key := range []channels.DeveloperKey{{}, {AppID: 1}, {Key: "k"}} {
		if _, err := channels.NewRegistry(key); err == nil {
			t.Errorf("NewRegistry(%v): want an error", key)
		}
	}
}

func TestPathsFollowTheVersions(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		version                        channels.Version
		channel, conversations, aFiles string
	}{
		{"2026-09", "/conversations/custom-channels/2026-09/7/messages", "/conversations/conversations/2026-09/inboxes", "/files/2026-09/files/1"},
		{"2026-03", "/conversations/custom-channels/2026-03/7/messages", "/conversations/conversations/2026-03/inboxes", "/files/2026-03/files/1"},
		{"2026-09-beta", "/conversations/custom-channels/2026-09-beta/7/messages", "/conversations/conversations/2026-09-beta/inboxes", "/files/2026-09-beta/files/1"},
		{"v3", "/conversations/v3/custom-channels/7/messages", "/conversations/v3/conversations/inboxes", "/files/v3/files/1"},
	} {
		c := newClient(t, play(), channels.WithVersion(tt.version), channels.WithConversationsVersion(tt.version), channels.WithFilesVersion(tt.version))
		for want, got := range map[string]string{
			tt.channel:       c.ChannelPath("7", "messages"),
			tt.conversations: c.ConversationsPath("inboxes"),
			tt.aFiles:        c.FilesPath("1"),
		} {
			if got != want {
				t.Errorf("version %s: path %s, want %s", tt.version, got, want)
			}
		}
	}
	c := newClient(t, play())
	if got, want := c.ChannelPath("a/b?c", "x y"), "/conversations/custom-channels/2026-09/a%2Fb%3Fc/x%20y"; got != want {
		t.Errorf("ChannelPath = %s, want %s", got, want)
	}
	if got, want := c.ConversationsPath("actors"), "/conversations/v3/conversations/actors"; got != want {
		t.Errorf("the helpers' default version gives %s, want %s", got, want)
	}
}

func TestMissingIDsNeverReachHubSpot(t *testing.T) {
	t.Parallel()
	server := play(reply(200, `{}`))
	c := newClient(t, server)
	for _, path := range []string{
		c.ChannelPath(""), c.ChannelPath("", "messages"), c.ChannelPath("7", ""), c.ChannelPath(".."), c.ChannelPath("7", "."),
		"", "/", "/a//b", "/a/../b",
	} {
		if err := c.Call(t.Context(), http.MethodGet, path, nil, nil); err == nil {
			t.Errorf("Call(%q): want an error", path)
		}
	}
	if _, err := c.Accounts().Get(t.Context(), "7", ""); err == nil {
		t.Error("Get of an account without id: want an error")
	}
	if n := len(server.seen()); n != 0 {
		t.Errorf("%d requests were made", n)
	}
}

func TestCallBodiesAndOutputs(t *testing.T) {
	t.Parallel()
	server := play(reply(200, `{"a":"<b>"}`, "Content-Type", "application/json; charset=utf-8"))
	c := newClient(t, server)
	ctx := t.Context()

	var decoded map[string]string
	if err := c.Call(ctx, http.MethodPost, "/x", body("plain"), &decoded); err != nil || decoded["a"] != "<b>" {
		t.Errorf("Call = %v, %v", decoded, err)
	}
	if r := server.seen()[0]; r.Body != "plain" || r.Header.Get("Content-Type") != "text/plain" || r.Header.Get("Accept") != "application/json" {
		t.Errorf("the request was %+v", r)
	}
	var text bytes.Buffer
	if err := c.Call(ctx, http.MethodGet, "x", nil, &text); err != nil || text.String() != `{"a":"<b>"}` {
		t.Errorf("Call into a writer = %q, %v", text.String(), err)
	}
	var stream channels.Stream
	if err := c.Call(ctx, http.MethodGet, "/x", nil, &stream); err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(stream.Body)
	if err != nil || string(data) != `{"a":"<b>"}` || stream.Size != 11 || stream.ContentType != "application/json; charset=utf-8" {
		t.Errorf("Call into a stream = %s, %v, %+v", data, err, stream)
	}
	if err := stream.Body.Close(); err != nil {
		t.Error(err)
	}
	if err := c.Call(ctx, http.MethodGet, "/x", nil, nil); err != nil {
		t.Errorf("Call that drops the answer = %v", err)
	}
	if err := c.Call(ctx, http.MethodPost, "/x", &channels.Body{Size: 1}, nil); !errors.Is(err, channels.ErrInvalid) {
		t.Errorf("Call with a body that cannot be opened = %v", err)
	}
	if err := c.Call(ctx, http.MethodPost, "/x", func() {}, nil); !errors.Is(err, channels.ErrInvalid) {
		t.Errorf("Call with what cannot be encoded = %v", err)
	}
}

func TestTransportIsSharedAndUnchanged(t *testing.T) {
	t.Parallel()
	server := play(reply(500, ``))
	mine := &http.Client{Transport: server, Timeout: time.Minute}
	before := *mine
	c, err := channels.NewClient(channels.StaticToken("t"), channels.WithHTTPClient(mine))
	if err != nil {
		t.Fatal(err)
	}
	_ = c.Call(t.Context(), http.MethodGet, "/x", nil, nil, channels.MaxAttempts(1))
	if mine.Transport != before.Transport || mine.Timeout != before.Timeout || mine.CheckRedirect != nil || mine.Jar != nil {
		t.Errorf("the HTTP client was changed: %+v", mine)
	}
	if got := server.seen()[0].Host; got != "api.hubapi.com" {
		t.Errorf("the default host is %s", got)
	}
}

// TestTokenStaysWithTheAPI checks that a download gets the token only where it leads to the API's own host, over real
// sockets and redirects.
func TestTokenStaysWithTheAPI(t *testing.T) {
	t.Parallel()
	var atFiles http.Header
	files := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		atFiles = r.Header.Clone()
		_, _ = io.WriteString(w, "content")
	}))
	defer files.Close()
	var atAPI []string
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		atAPI = append(atAPI, r.Header.Get("Authorization"))
		http.Redirect(w, r, files.URL+"/file?signature=s3cret", http.StatusFound)
	}))
	defer api.Close()
	c, err := channels.NewClient(channels.StaticToken(secretToken), channels.WithBaseURL(api.URL))
	if err != nil {
		t.Fatal(err)
	}
	for _, url := range []string{api.URL + "/signed-url-redirect", files.URL + "/file?signature=s3cret"} {
		atFiles = nil
		var stream channels.Stream
		if err := c.Call(t.Context(), http.MethodGet, url, nil, &stream); err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(stream.Body)
		_ = stream.Body.Close()
		if err != nil || string(data) != "content" {
			t.Errorf("downloaded %q, %v", data, err)
		}
		if atFiles.Get("Authorization") != "" || atFiles.Get("Referer") != "" {
			t.Errorf("the other host got the headers %v", atFiles)
		}
	}
	if len(atAPI) != 1 || atAPI[0] != "Bearer "+secretToken {
		t.Errorf("the API got the tokens %q", atAPI)
	}
	// Anything but a download stays where it is.
	err = c.Call(t.Context(), http.MethodPost, "/thing", map[string]int{}, nil)
	if e, ok := errors.AsType[*channels.Error](err); !ok || e.StatusCode != http.StatusFound {
		t.Errorf("a redirected POST returned %v, want the 302", err)
	}
}

func TestDownloadOutlivesTheAttemptTimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, play(drip(100, time.Second)), channels.WithRetry(channels.RetryPolicy{AttemptTimeout: 5 * time.Second}))
		var stream channels.Stream
		if err := c.Call(t.Context(), http.MethodGet, "/x", nil, &stream); err != nil {
			t.Fatal(err)
		}
		if n, err := io.Copy(io.Discard, stream.Body); n != 100 || err != nil {
			t.Errorf("read %d bytes, %v, want all 100", n, err)
		}
		_ = stream.Body.Close()

		c = newClient(t, play(drip(100, time.Minute)), channels.WithRetry(channels.RetryPolicy{AttemptTimeout: 5 * time.Second}))
		if err := c.Call(t.Context(), http.MethodGet, "/x", nil, &stream); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		if _, err := io.Copy(io.Discard, stream.Body); err == nil || time.Since(start) != 5*time.Second {
			t.Errorf("a stalled download ended after %v with %v, want a timeout after 5s", time.Since(start), err)
		}
		_ = stream.Body.Close()
	})
}

func TestRateLimitOfAClient(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := play(reply(200, `{}`))
		c := newClient(t, server)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		for c.Call(ctx, http.MethodGet, "/x", nil, nil) == nil {
		}
		requests := server.seen()
		if got, want := len(requests), 6*110*97/100; got < want {
			t.Errorf("%d requests in a minute, want at least %d", got, want)
		}
		for i := 110; i < len(requests); i++ {
			if gap := requests[i].At.Sub(requests[i-110].At); gap < 10*time.Second {
				t.Fatalf("requests %d to %d were made within %v", i-110, i, gap)
			}
		}
	})
}

func TestNoWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := play(reply(200, `{}`))
		c := newClient(t, server, channels.WithRateLimit(1, 10*time.Second))
		if err := c.Call(t.Context(), http.MethodGet, "/x", nil, nil, channels.NoWait()); err != nil {
			t.Fatal(err)
		}
		err := c.Call(t.Context(), http.MethodGet, "/x", nil, nil, channels.NoWait())
		limited, ok := errors.AsType[*channels.LimitError](err)
		if !ok || limited.Delay < 10*time.Second || limited.Delay > 11*time.Second {
			t.Fatalf("the second call returned %v, want a LimitError of about 10s", err)
		}
		if !errors.Is(err, channels.ErrRateLimited) || channels.MayHaveArrived(err) {
			t.Errorf("%v: want it to match ErrRateLimited, and not to have arrived", err)
		}
		time.Sleep(limited.Delay)
		if err := c.Call(t.Context(), http.MethodGet, "/x", nil, nil, channels.NoWait()); err != nil {
			t.Errorf("after the delay: %v", err)
		}
		if n := len(server.seen()); n != 2 {
			t.Errorf("%d requests, want 2", n)
		}
	})
}

func TestWaiterLeavesTheLimitWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, play(reply(200, `{}`)), channels.WithRateLimit(1, time.Hour))
		if err := c.Call(t.Context(), http.MethodGet, "/x", nil, nil); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		err := c.Call(ctx, http.MethodPost, "/x", 1, nil)
		if !errors.Is(err, context.DeadlineExceeded) || channels.MayHaveArrived(err) || !strings.Contains(err.Error(), "rate limit") {
			t.Errorf("error %v, want the deadline and that it waited for the rate limit", err)
		}
		if took := time.Since(start); took != time.Second {
			t.Errorf("returned after %v, want 1s", took)
		}
	})
}

func TestTokenSourceErrorsArePassedOn(t *testing.T) {
	t.Parallel()
	server := play(reply(200, `{}`))
	c, err := channels.NewClient(failingSource{}, with(server, nil)...)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Call(t.Context(), http.MethodGet, "/x", nil, nil); !errors.Is(err, errGone) || channels.MayHaveArrived(err) {
		t.Errorf("error %v, want the source's", err)
	}
	c, err = channels.NewClient(channels.StaticToken(""), with(server, nil)...)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Call(t.Context(), http.MethodGet, "/x", nil, nil); err == nil {
		t.Error("an empty token: want an error")
	}
	if len(server.seen()) != 0 {
		t.Error("a request was made without a token")
	}
}

type failingSource struct{}

func (failingSource) Token(context.Context) (*oauth2.Token, error) { return nil, errGone }
