package oauth_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"runtime"
	"testing"
	"time"

	"github.com/customchannels/customchannels-go/oauth"
)

// BenchmarkIdlePortals reports what an App remembers of each of 10,000 portals, whose tokens have 400 characters.
func BenchmarkIdlePortals(b *testing.B) {
	const portals = 10_000
	for b.Loop() {
		bench := setup(func(a *oauth.App) { a.Tokens, a.Logger = endless{}, slog.New(slog.DiscardHandler) })
		bench.hub.answer = longToken
		before := bench.heap()
		for id := range int64(portals) {
			if _, err := bench.app.Portal(id + 1).Token(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(bench.heap()-before)/portals, "bytes/portal")
		runtime.KeepAlive(bench)
	}
}

func longToken(w http.ResponseWriter, form url.Values) bool {
	refuse(w, 200, fmt.Sprintf(`{"access_token":"%0400d","refresh_token":"%s","expires_in":1800}`, 1, form.Get("refresh_token")))
	return true
}

// BenchmarkToken is the cost of a token that is known, which each call to HubSpot has.
func BenchmarkToken(b *testing.B) {
	bench := setup()
	bench.install(time.Hour)
	p := bench.app.Portal(portalID)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.Token(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}
