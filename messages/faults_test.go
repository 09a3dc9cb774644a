package messages_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/hubspottest"
	"github.com/customchannels/customchannels-go/messages"
)

// fault is what goes wrong with the first request of a publish call, and what comes of it.
type fault struct {
	inject hubspottest.Fault    // what HubSpot does
	spoil  func(*http.Response) // what becomes of its answer on the way

	requests int   // that reach HubSpot
	stored   bool  // whether the message is there in the end
	late     bool  // whether it is there since the first request, so that a second one may conflict with it
	want     error // what the caller gets, errAny for one without sentinel; nil for the message
}

var errAny = errors.New("any error")

func refused(status int, want error) fault {
	return fault{inject: hubspottest.Fault{Status: status}, requests: 1, want: want}
}

func retried(status int) fault {
	return fault{inject: hubspottest.Fault{Status: status}, requests: 2, stored: true}
}

// answered is a status that comes although HubSpot has stored the message.
func answered(status int) fault {
	return fault{spoil: func(r *http.Response) { r.StatusCode = status }, requests: 2, stored: true, late: true}
}

func publishFaults() map[string]fault {
	return map[string]fault{
		"400": refused(400, channels.ErrInvalid),
		"401": refused(401, channels.ErrUnauthorized),
		"403": refused(403, errAny),
		"404": refused(404, channels.ErrNotFound),
		"409": refused(409, channels.ErrConflict),
		"414": refused(414, errAny),
		"415": refused(415, channels.ErrInvalid),
		"408": retried(408), "423": retried(423), "429": retried(429), "477": retried(477),
		"500": retried(500), "502": retried(502), "503": retried(503), "504": retried(504),
		"521": retried(521), "522": retried(522), "523": retried(523), "524": retried(524), "525": retried(525),
		"526": refused(526, errAny),

		"500, but stored": answered(500), "502, but stored": answered(502), "504, but stored": answered(504), "524, but stored": answered(524),

		"reset before sent": {inject: hubspottest.Fault{Reset: hubspottest.ResetBefore}, requests: 2, stored: true},
		"reset after sent":  {inject: hubspottest.Fault{Reset: hubspottest.ResetAfter}, requests: 2, stored: true, late: true},
		"no answer":         {inject: hubspottest.Fault{Delay: 2 * time.Minute}, requests: 2, stored: true, late: true},
		"slow body": {requests: 2, stored: true, late: true, spoil: func(r *http.Response) {
			r.Body = replaced(r.Body, &slowReader{r.Request.Context(), r.Body, time.Second})
		}},
		"broken body": {requests: 2, stored: true, late: true, spoil: func(r *http.Response) {
			r.Body = replaced(r.Body, io.MultiReader(io.LimitReader(r.Body, 20), iotest.ErrReader(io.ErrUnexpectedEOF)))
		}},
		"truncated JSON": {requests: 1, stored: true, late: true, want: errAny, spoil: func(r *http.Response) {
			r.Body, r.ContentLength = replaced(r.Body, io.LimitReader(r.Body, 20)), -1
		}},
		"no JSON": {requests: 1, stored: true, late: true, want: errAny, spoil: func(r *http.Response) {
			r.Body, r.ContentLength = replaced(r.Body, strings.NewReader("<html>")), -1
		}},
	}
}

// replaced is a body that reads from elsewhere.
func replaced(body io.Closer, r io.Reader) io.ReadCloser {
	return struct {
		io.Reader
		io.Closer
	}{r, body}
}

// slowReader takes a pause for each byte.
type slowReader struct {
	ctx   context.Context // of the request
	r     io.Reader
	pause time.Duration
}

func (s *slowReader) Read(p []byte) (int, error) {
	select {
	case <-time.After(s.pause):
		return s.r.Read(p[:min(len(p), 1)])
	case <-s.ctx.Done():
		return 0, s.ctx.Err()
	}
}

// TestPublishedOnceWhateverFails checks the promise of Publish under each reading of what HubSpot answers to an
// idempotency id that it knows.
func TestPublishedOnceWhateverFails(t *testing.T) {
	t.Parallel()
	for name, f := range publishFaults() {
		for reading, first := range map[string]bool{"duplicate conflicts": false, "duplicate returns the first": true} {
			t.Run(name+"/"+reading, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					b := newBench(t, hubspottest.Config{Readings: hubspottest.Readings{DuplicateReturnsFirst: first}})
					if f.spoil == nil {
						inject := f.inject
						inject.Operation, inject.Nth = "message.publish", 1
						b.Inject(inject)
					}
					_, err := b.publishThrough(t, f.spoil)
					want := f.want
					if f.late && f.requests > 1 && !first {
						want = channels.ErrConflict
					}
					checkFailure(t, err, want)
					if err != nil && channels.MayHaveArrived(err) != (f.late || f.inject.Status >= 500) {
						t.Errorf("MayHaveArrived = %v: %v", channels.MayHaveArrived(err), err)
					}
					if n := len(b.Journal("message.publish")); n != f.requests {
						t.Errorf("%d requests, want %d", n, f.requests)
					}
					stored := 0
					for _, thread := range b.Threads() {
						stored += len(b.Messages(thread.ID))
					}
					if stored > 1 || (stored == 1) != f.stored {
						t.Errorf("%d messages in the portal, want it stored: %v", stored, f.stored)
					}
				})
			})
		}
	}
}

// publishThrough publishes over a connection that spoils the first answer.
func (b *bench) publishThrough(t *testing.T, spoil func(*http.Response)) (*messages.Message, error) {
	t.Helper()
	rt := roundTripper(func(r *http.Request) (*http.Response, error) {
		resp, err := b.Transport().RoundTrip(r)
		if err == nil && spoil != nil {
			spoil(resp)
			spoil = nil
		}
		return resp, err
	})
	api := b.api(t, channels.WithHTTPClient(&http.Client{Transport: rt}))
	return messages.NewClient(api).Publish(t.Context(), b.channel, b.draft("1"))
}

func checkFailure(t *testing.T, err, want error) {
	t.Helper()
	switch {
	case want == nil && err != nil:
		t.Errorf("Publish = %v, want the message", err)
	case want == errAny && err == nil, want != errAny && !errors.Is(err, want):
		t.Errorf("Publish = %v, want an error that matches %q", err, want)
	}
}
