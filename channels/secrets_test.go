package channels_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/customchannels/customchannels-go/channels"
)

// leaks returns the secrets that a text holds, plain or as in a query.
func leaks(text string) []string {
	var found []string
	for _, secret := range []string{secretToken, secretKey, "s1gnature"} {
		for _, form := range []string{secret, url.QueryEscape(secret)} {
			if strings.Contains(text, form) {
				found = append(found, form)
			}
		}
	}
	return found
}

// printed returns everything that can be printed of v and, for an error, of the errors within it.
func printed(v any) string {
	var b strings.Builder
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x", "%X", "%T"} {
		fmt.Fprintf(&b, verb+"\n", v)
	}
	if data, err := json.Marshal(v); err == nil {
		b.Write(data)
	}
	slog.New(slog.NewTextHandler(&b, nil)).Info("", "v", v)
	slog.New(slog.NewJSONHandler(&b, nil)).Info("", "v", v)
	if err, ok := v.(error); ok {
		if e, ok := errors.AsType[*channels.Error](err); ok {
			fmt.Fprintf(&b, "%s %+v\n", e.Body, *e)
		}
		switch err := err.(type) {
		case interface{ Unwrap() error }:
			if inner := err.Unwrap(); inner != nil {
				b.WriteString(printed(inner))
			}
		case interface{ Unwrap() []error }:
			for _, inner := range err.Unwrap() {
				b.WriteString(printed(inner))
			}
		}
	}
	return b.String()
}

// echo makes an answer of all credentials that the request carries, as a careless server or proxy might.
func echo(make func(text string) answer) answer {
	return func(r *http.Request) (*http.Response, error) {
		if r == nil {
			return nil, nil
		}
		key := r.URL.Query().Get("hapikey")
		return make(r.Header.Get("Authorization") + " key=" + key + " " + r.URL.RawQuery)(r)
	}
}

func TestSecretsAreNeverPrinted(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]answer{
		"text error": echo(func(e string) answer { return reply(500, e) }),
		"JSON error": echo(func(e string) answer {
			return reply(403, `{"message":"`+e+`","context":{"token":["`+e+`"]},"errors":[{"message":"`+e+`"}]}`)
		}),
		"401":       echo(func(e string) answer { return reply(401, e) }),
		"transport": echo(func(e string) answer { return breakAfter(errors.New(e)) }),
		"transport URL": echo(func(e string) answer {
			return breakAfter(&url.Error{Op: "Get", URL: "https://proxy.example.test/?" + e, Err: errors.New(e)})
		}),
		"wrapped URL": echo(func(e string) answer {
			return breakAfter(fmt.Errorf("proxy: %w", &url.Error{Op: "Get", URL: "https://proxy.example.test/?" + e, Err: io.EOF}))
		}),
		"redirect":        echo(func(e string) answer { return reply(302, e, "Location", "https://elsewhere.example.test/?"+e) }),
		"not JSON":        echo(func(e string) answer { return reply(200, e) }),
		"truncated":       echo(func(e string) answer { return cutOff(200, e) }),
		"daily limit":     echo(func(e string) answer { return reply(429, `{"policyName":"DAILY","message":"`+e+`"}`) }),
		"rate limit":      echo(func(e string) answer { return reply(429, e, "Retry-After", "1") }),
		"locked for good": echo(func(e string) answer { return reply(423, e, "Retry-After", "100000") }),
		"refused early":   breakBefore(errRefused),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var log bytes.Buffer
				logger := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
				client := newClient(t, play(fault), channels.WithLogger(logger))
				registry := newRegistry(t, play(fault), channels.WithLogger(logger))

				var out map[string]any
				_, getErr := registry.Get(t.Context(), "1")
				_, createErr := registry.Create(t.Context(), &channels.Registration{Name: "x"})
				signed := "https://files.example.test/f?signature=s1gnature"
				for what, v := range map[string]any{
					"client":          client,
					"client value":    *client,
					"registry":        registry,
					"registry value":  *registry,
					"call error":      client.Call(t.Context(), http.MethodGet, "/x", nil, &out),
					"post error":      client.Call(t.Context(), http.MethodPost, "/x", 1, &out),
					"registry error":  getErr,
					"create error":    createErr,
					"download error":  client.Call(t.Context(), http.MethodGet, signed, nil, &out),
					"unparsable path": client.Call(t.Context(), http.MethodGet, "https://u:"+url.QueryEscape(secretToken)+"@x/?s1gnature", nil, nil),
				} {
					if found := leaks(printed(v)); len(found) > 0 {
						t.Errorf("the %s shows %q:\n%s", what, found, printed(v))
					}
				}
				if found := leaks(log.String()); len(found) > 0 {
					t.Errorf("the log shows %q:\n%s", found, log.String())
				}
				if !strings.Contains(log.String(), "level=DEBUG") {
					t.Error("nothing was logged")
				}
			})
		})
	}
}

func TestCredentialsPrintRedacted(t *testing.T) {
	t.Parallel()
	token, key := channels.StaticToken(secretToken), channels.DeveloperKey{AppID: 4711, Key: secretKey}
	for _, v := range []any{
		token, &token, key, &key,
		struct {
			Token channels.StaticToken
			Key   channels.DeveloperKey
		}{token, key},
		[]any{token, key}, map[string]any{"token": token, "key": key},
	} {
		if found := leaks(printed(v)); len(found) > 0 {
			t.Errorf("%T shows %q:\n%s", v, found, printed(v))
		}
	}
}

func TestLogNamesTheRequest(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	c := newClient(t, play(reply(200, `{}`, "X-HubSpot-Correlation-Id", "corr-1")), channels.WithLogger(logger))
	if err := c.Call(t.Context(), http.MethodGet, "/x?address=ada%40example.test", nil, nil); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"method=GET", "url=https://hubspot.example.test/base/x ", "status=200", "attempt=1", "correlation_id=corr-1", "duration="} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log lacks %q: %s", want, log.String())
		}
	}
	if strings.Contains(log.String(), "example.test/base/x?") || strings.Contains(log.String(), "ada") {
		t.Errorf("the log shows the query: %s", log.String())
	}
}
