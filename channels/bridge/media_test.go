package bridge_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/channels/hubspottest"
	"github.com/customchannels/customchannels-go/messages"
)

// library is a recorder that has files to be fetched.
type library struct {
	*recorder
	mu     sync.Mutex
	opened int
	closed int
	open   func(ctx context.Context, try int, a *bridge.Account, ref string) (*bridge.OpenedMedia, error)
}

func (l *library) Open(ctx context.Context, a *bridge.Account, ref string) (*bridge.OpenedMedia, error) {
	l.mu.Lock()
	l.opened++
	try := l.opened
	l.mu.Unlock()
	return l.open(ctx, try, a, ref)
}

// body is a file's content that counts its closing.
func (l *library) body(r io.Reader) io.ReadCloser { return &closing{r, l} }

type closing struct {
	io.Reader
	l *library
}

func (c *closing) Close() error {
	c.l.mu.Lock()
	defer c.l.mu.Unlock()
	c.l.closed++
	return nil
}

func fetching(t *testing.T, open func(l *library, try int) (*bridge.OpenedMedia, error), test func(*testing.T, *bench, *library)) {
	t.Helper()
	l := &library{}
	l.open = func(_ context.Context, try int, a *bridge.Account, ref string) (*bridge.OpenedMedia, error) {
		if ref != "file-7" || a.Identifier != shop {
			return nil, fmt.Errorf("Open was called for %q of %v", ref, a)
		}
		return open(l, try)
	}
	bubbleOf(t, func(r *recorder) bridge.Channel {
		l.recorder = r
		return wrapper{l}
	}, func(t *testing.T, b *bench) { test(t, b, l) }, func(c *bridge.Config) { c.MaxIncomingBytes = 2 << 20 })
}

type broken struct{ err error }

func (b broken) Read([]byte) (int, error) { return 0, b.err }

type panicking struct{}

func (panicking) Read([]byte) (int, error) { panic("nil map") }

func TestMediaOpener(t *testing.T) {
	big := strings.Repeat("x", 1<<20)
	type result struct {
		Text, Attachment, Name, Type, Usage string
		Size                                int64
	}
	note := func(reason string) result {
		return result{Text: "Look!\n[A file could not be passed on: " + reason + ".]", Attachment: "UNSUPPORTED_CONTENT"}
	}
	file := result{Text: "Look!", Attachment: "FILE", Name: "cat.png", Type: "image/png", Usage: "IMAGE", Size: 1 << 20}
	for name, test := range map[string]struct {
		media bridge.Media
		open  func(l *library, try int) (*bridge.OpenedMedia, error)
		wait  time.Duration
		want  result
		tries int // 0: more than two
	}{
		"streamed": {
			open: func(l *library, _ int) (*bridge.OpenedMedia, error) {
				return &bridge.OpenedMedia{Body: l.body(strings.NewReader(big)), Name: "../cat.png", Type: "image/png", Size: 1 << 20}, nil
			},
			want: file, tries: 1,
		},
		"size not known, type from the name": {
			open: func(l *library, _ int) (*bridge.OpenedMedia, error) {
				return &bridge.OpenedMedia{Body: l.body(strings.NewReader(big)), Name: "cat.png"}, nil
			},
			want: file, tries: 1,
		},
		"name and type of the message count": {
			media: bridge.Media{Name: "dog.gif", Type: "image/gif"},
			open: func(l *library, _ int) (*bridge.OpenedMedia, error) {
				return &bridge.OpenedMedia{Body: l.body(strings.NewReader(big)), Name: "cat.png", Type: "image/png"}, nil
			},
			want: result{"Look!", "FILE", "dog.gif", "image/gif", "IMAGE", 1 << 20}, tries: 1,
		},
		"film, by its name": {
			open: func(l *library, _ int) (*bridge.OpenedMedia, error) {
				return &bridge.OpenedMedia{Body: l.body(strings.NewReader(big)), Name: "cat.webm"}, nil
			},
			want: result{"Look!", "FILE", "cat.webm", "video/webm", "OTHER", 1 << 20}, tries: 1,
		},
		"sound, by its name and usage": {
			media: bridge.Media{Usage: messages.UsageVoiceRecording},
			open: func(l *library, _ int) (*bridge.OpenedMedia, error) {
				return &bridge.OpenedMedia{Body: l.body(strings.NewReader(big)), Name: "cat.webm"}, nil
			},
			want: result{"Look!", "FILE", "cat.webm", "audio/webm", "VOICE_RECORDING", 1 << 20}, tries: 1,
		},
		"type from the content": {
			open: func(l *library, _ int) (*bridge.OpenedMedia, error) {
				return &bridge.OpenedMedia{Body: l.body(strings.NewReader("\x89PNG\r\n\x1a\n")), Name: "cat"}, nil
			},
			want: result{"Look!", "FILE", "cat", "image/png", "IMAGE", 8}, tries: 1,
		},
		"too big by its size": {
			open: func(l *library, _ int) (*bridge.OpenedMedia, error) {
				return &bridge.OpenedMedia{Body: l.body(strings.NewReader("x")), Name: "cat.png", Size: 3 << 20}, nil
			},
			want: note("it is larger than 2 MiB"), tries: 1,
		},
		"too big when read": {
			open: func(l *library, _ int) (*bridge.OpenedMedia, error) {
				return &bridge.OpenedMedia{Body: l.body(strings.NewReader(big + big + "x")), Name: "cat.png"}, nil
			},
			want: note("it is larger than 2 MiB"), tries: 1,
		},
		"not to be had": {
			open: func(l *library, _ int) (*bridge.OpenedMedia, error) {
				return nil, bridge.Reject("The file has expired.", errors.New("410"))
			},
			want: note("The file has expired"), tries: 1,
		},
		"out of reach for a while": {
			open: func(l *library, try int) (*bridge.OpenedMedia, error) {
				if try < 3 {
					return nil, errors.New("503")
				}
				return &bridge.OpenedMedia{Body: l.body(strings.NewReader(big)), Name: "cat.png"}, nil
			},
			wait: time.Minute, want: file, tries: 3,
		},
		"told when to come back": {
			open: func(l *library, try int) (*bridge.OpenedMedia, error) {
				if try == 1 {
					return nil, bridge.RetryAfter(time.Hour, nil)
				}
				return &bridge.OpenedMedia{Body: l.body(strings.NewReader(big)), Name: "cat.png"}, nil
			},
			wait: time.Hour + time.Second, want: file, tries: 2,
		},
		"breaks off, then whole": {
			open: func(l *library, try int) (*bridge.OpenedMedia, error) {
				r := io.MultiReader(strings.NewReader(big[:1000]), broken{errors.New("connection lost")})
				if try > 1 {
					r = strings.NewReader(big)
				}
				return &bridge.OpenedMedia{Body: l.body(r), Name: "cat.png"}, nil
			},
			wait: time.Minute, want: file, tries: 2,
		},
		"cut off, then whole": {
			open: func(l *library, try int) (*bridge.OpenedMedia, error) {
				return &bridge.OpenedMedia{Body: l.body(strings.NewReader(big[:min(try, 2)<<19])), Name: "cat.png", Size: 1 << 20}, nil
			},
			wait: time.Minute, want: file, tries: 2,
		},
		"panics, then whole": {
			open: func(l *library, try int) (*bridge.OpenedMedia, error) {
				switch try {
				case 1:
					panic("nil map")
				case 2:
					return &bridge.OpenedMedia{Body: l.body(panicking{}), Name: "cat.png"}, nil
				}
				return &bridge.OpenedMedia{Body: l.body(strings.NewReader(big)), Name: "cat.png"}, nil
			},
			wait: time.Minute, want: file, tries: 3,
		},
		"out of reach for too long": {
			open: func(l *library, try int) (*bridge.OpenedMedia, error) { return nil, errors.New("503") },
			wait: 7*24*time.Hour + 10*time.Minute, want: note("it could not be fetched"),
		},
		"asked to wait for too long": {
			open: func(l *library, try int) (*bridge.OpenedMedia, error) {
				return nil, bridge.RetryAfter(30*24*time.Hour, nil)
			},
			wait: 7*24*time.Hour + time.Minute, want: note("it could not be fetched"), tries: 2,
		},
	} {
		t.Run(name, func(t *testing.T) {
			fetching(t, test.open, func(t *testing.T, b *bench, l *library) {
				test.media.Ref = "file-7"
				b.receive(&bridge.Incoming{ID: "1", Text: "Look!", Media: []bridge.Media{test.media}})
				later(test.wait)
				m := b.hubspot.Messages(b.thread())[0]
				a := m.Attachments[0]
				if diff := cmp.Diff(test.want, result{m.Text, a.Type, a.Name, a.ContentType, a.Usage, a.Size}); diff != "" {
					t.Errorf("the agent sees (-want +got):\n%s", diff)
				}
				if l.opened != test.tries && (test.tries != 0 || l.opened < 3) {
					t.Errorf("Open was called %d times, want %d", l.opened, test.tries)
				}
			})
		})
	}
}

// HubSpot's failures are HubSpot's: the file is fetched again for the next request.
func TestMediaOpenerAndHubSpotFaults(t *testing.T) {
	for name, test := range map[string]struct {
		fault hubspottest.Fault
		tries int
	}{
		"502":           {hubspottest.Fault{Status: 502}, 2},
		"token expired": {hubspottest.Fault{Status: 401}, 2},
		"reset":         {hubspottest.Fault{Reset: hubspottest.ResetAfter}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			fetching(t, func(l *library, _ int) (*bridge.OpenedMedia, error) {
				return &bridge.OpenedMedia{Body: l.body(strings.NewReader("x")), Name: "a.txt"}, nil
			}, func(t *testing.T, b *bench, l *library) {
				test.fault.Operation, test.fault.Nth = "file.upload", 1
				b.hubspot.Inject(test.fault)
				b.receive(&bridge.Incoming{ID: "1", Text: "Look!", FromName: "Ada", Media: []bridge.Media{{Ref: "file-7"}}})
				later(time.Minute)
				if diff := cmp.Diff([]string{"Ada: Look!"}, b.shown()); diff != "" {
					t.Errorf("the agent sees (-want +got):\n%s", diff)
				}
				if l.opened != test.tries || l.closed < l.opened {
					t.Errorf("opened %d times and closed %d times, want %d", l.opened, l.closed, test.tries)
				}
			})
		})
	}
}

func TestMediaOpenerDisconnected(t *testing.T) {
	fetching(t, func(l *library, try int) (*bridge.OpenedMedia, error) {
		if try == 1 {
			return nil, bridge.Disconnected("The token was revoked.", nil)
		}
		return &bridge.OpenedMedia{Body: l.body(strings.NewReader("x")), Name: "a.txt"}, nil
	}, func(t *testing.T, b *bench, l *library) {
		b.receive(&bridge.Incoming{ID: "1", Text: "Look!", FromName: "Ada", Media: []bridge.Media{{Ref: "file-7"}}})
		later(time.Hour)
		if b.authorized() || l.opened != 1 {
			t.Errorf("opened %d times; HubSpot takes the account for authorized: %v", l.opened, b.authorized())
		}
		b.connect("good")
		later(10 * time.Minute)
		if diff := cmp.Diff([]string{"Ada: Look!"}, b.shown()); diff != "" {
			t.Errorf("the agent sees (-want +got):\n%s", diff)
		}
	})
}

func TestMediaRefusals(t *testing.T) {
	check := func(t *testing.T, b *bench, media bridge.Media) {
		t.Helper()
		err := b.bridge.Receive(t.Context(), &bridge.Incoming{ID: "1", From: ada, To: shop, Media: []bridge.Media{media}})
		if !errors.Is(err, bridge.ErrInvalid) {
			t.Errorf("Receive = %v, want ErrInvalid", err)
		}
	}
	bubble(t, func(t *testing.T, b *bench) { check(t, b, bridge.Media{Ref: "file-7"}) }) // no MediaOpener
	fetching(t, nil, func(t *testing.T, b *bench, _ *library) {
		check(t, b, bridge.Media{Ref: "file-7", Body: strings.NewReader("x")})
		check(t, b, bridge.Media{Name: "a.txt"})
	})
}

// A file that cannot be read now can be sent again by the service: nothing of the message is kept.
func TestReceiveOfBrokenBody(t *testing.T) {
	bubble(t, func(t *testing.T, b *bench) {
		lost := errors.New("connection lost")
		m := &bridge.Incoming{ID: "1", Text: "Look!", From: ada, FromName: "Ada", To: shop, Media: []bridge.Media{{Name: "a.txt", Body: broken{lost}}}}
		if err := b.bridge.Receive(t.Context(), m); !errors.Is(err, lost) {
			t.Errorf("Receive = %v, want the reader's error", err)
		}
		m.Media[0].Body = strings.NewReader("x")
		b.receive(m)
		if diff := cmp.Diff([]string{"Ada: Look!"}, b.shown()); diff != "" {
			t.Errorf("the agent sees (-want +got):\n%s", diff)
		}
	})
}
