package channels

import (
	"context"
	"fmt"
	"io"
	"iter"
	"maps"
	"net/http"
	"net/url"

	"github.com/google/go-querystring/query"

	"github.com/customchannels/customchannels-go/internal/rest"
)

// Client calls HubSpot's API for one portal. It is safe for concurrent use. Use one client per portal, not one per call:
// it keeps the portal's rate limit.
type Client struct {
	rest                           *rest.Client
	channels, conversations, files string // roots of the paths
}

// NewClient returns a client for the portal whose tokens src yields.
func NewClient(src TokenSource, opts ...Option) (*Client, error) {
	if src == nil {
		return nil, invalidf("NewClient needs a token source")
	}
	s, err := newSettings(opts)
	if err != nil {
		return nil, err
	}
	return &Client{
		rest:          s.newREST(bearer(src)),
		channels:      s.version.channelsRoot(),
		conversations: s.conversations.conversationsRoot(),
		files:         s.files.filesRoot(),
	}, nil
}

// CallOption changes how one call is made.
type CallOption func(*callSettings)

// callSettings keeps the request out of the documented API.
type callSettings struct{ rest.Request }

// Idempotent says that the call may be repeated without harm, so that it can be retried after failures in which HubSpot
// may have carried it out. GET, HEAD, PUT and DELETE are idempotent by themselves.
func Idempotent() CallOption { return func(s *callSettings) { s.Repeatable = true } }

// NoWait makes the call return a [*LimitError] where it would have to wait for the portal's rate limit.
func NoWait() CallOption { return func(s *callSettings) { s.NoWait = true } }

// MaxAttempts overrides [RetryPolicy.MaxAttempts] for the call. A single repetition with a fresh token after a 401 does
// not count.
func MaxAttempts(n int) CallOption { return func(s *callSettings) { s.MaxAttempts = n } }

// Body is a request body other than JSON. It is streamed: Open, which is required, is called anew for each attempt, and
// what it returns is closed.
type Body struct {
	ContentType string
	Size        int64 // in bytes; -1 if not known
	Open        func() (io.ReadCloser, error)
}

// Stream receives an answer that is not to be decoded. The caller has to close Body.
type Stream struct {
	Body        io.ReadCloser
	ContentType string
	Size        int64 // in bytes; -1 if not known
}

// Call makes any call of HubSpot's API with the portal's token, for what this SDK has no method for. The SDK's own
// methods use it, so that all calls get the same limits, retries and errors.
//
// The path follows the base URL and may have a query; build it from ids with [Client.ChannelPath] or escape them. An
// absolute URL, such as a file's, is called as it is: it gets the token only if it leads to the host of the API.
//
// What is sent is in: nil for nothing, a [*Body], or a value that is encoded as JSON. The answer of a success goes to
// out: nil to drop it, a [*Stream] or an [io.Writer] for a download, which also follows redirects, or a pointer to decode
// JSON into.
//
// A failure is an [*Error] if HubSpot answered, a [*LimitError] after [NoWait], an error of the token source, or an error
// of the transport. See [MayHaveArrived].
func (c *Client) Call(ctx context.Context, method, path string, in, out any, opts ...CallOption) error {
	return do(ctx, c.rest, method, path, in, out, opts...)
}

func do(ctx context.Context, client *rest.Client, method, path string, in, out any, opts ...CallOption) error {
	r := &callSettings{rest.Request{Method: method, Path: path, Out: out, Repeatable: idempotent(method)}}
	for _, opt := range opts {
		opt(r)
	}
	switch in := in.(type) {
	case nil:
	case *Body:
		if in.Open == nil {
			return invalidf("the body to send has no Open")
		}
		r.Body = rest.Body{ContentType: in.ContentType, Size: in.Size, Open: in.Open}
	default:
		body, err := rest.JSON(in)
		if err != nil {
			return invalidf("the request cannot be encoded: %v", err)
		}
		r.Body = body
	}
	stream, ok := out.(*Stream)
	if !ok {
		return client.Do(ctx, &r.Request)
	}
	var s rest.Stream
	r.Out = &s
	if err := client.Do(ctx, &r.Request); err != nil {
		return err
	}
	*stream = Stream{Body: s.Body, ContentType: s.Header.Get("Content-Type"), Size: s.Size}
	return nil
}

// idempotent reports whether a method is idempotent by its definition (RFC 9110, 9.2.2).
func idempotent(method string) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPut, http.MethodDelete:
		return true
	}
	return false
}

// ChannelPath returns the path of a channel, or with elements of something below it, in the client's API version:
// ChannelPath(id, "messages") is where messages are published.
func (c *Client) ChannelPath(id ID, elem ...string) string {
	return joinPath(c.channels, append([]string{string(id)}, elem...)...)
}

// ConversationsPath returns a path of the Conversations API: ConversationsPath("threads", id).
func (c *Client) ConversationsPath(elem ...string) string {
	return joinPath(c.conversations, elem...)
}

// FilesPath returns a path of the Files API: FilesPath(id).
func (c *Client) FilesPath(elem ...string) string {
	return joinPath(c.files, elem...)
}

// page is one page of a list.
type page[T any] struct {
	Results []*T `json:"results"`
	Paging  struct {
		Next struct {
			After looseString `json:"after"`
		} `json:"next"`
	} `json:"paging"`
}

// all lists path page by page. options is a struct with url tags, or nil. It is encoded at once, so that its owner may
// change it while the list goes on.
func all[T any](ctx context.Context, client *rest.Client, path string, options any) iter.Seq2[*T, error] {
	values, err := query.Values(options)
	return func(yield func(*T, error) bool) {
		if err != nil {
			yield(nil, invalidf("list options: %v", err))
			return
		}
		values := maps.Clone(values) // the sequence may be run again
		for {
			var p page[T]
			if err := do(ctx, client, http.MethodGet, withQuery(path, values), nil, &p); err != nil {
				yield(nil, err)
				return
			}
			for _, item := range p.Results {
				if item != nil && !yield(item, nil) {
					return
				}
			}
			after := string(p.Paging.Next.After)
			if after == "" {
				return
			}
			if after == values.Get("after") {
				yield(nil, fmt.Errorf("channels: the list %s does not advance: two pages end with the same cursor", path))
				return
			}
			values.Set("after", after)
		}
	}
}

func withQuery(path string, values url.Values) string {
	if len(values) == 0 {
		return path
	}
	return path + "?" + values.Encode()
}

// get reads one resource.
func get[T any](ctx context.Context, client *rest.Client, path string, opts ...CallOption) (*T, error) {
	return send[T](ctx, client, http.MethodGet, path, nil, opts...)
}

// send makes a call that answers with a resource.
func send[T any](ctx context.Context, client *rest.Client, method, path string, in any, opts ...CallOption) (*T, error) {
	out := new(T)
	if err := do(ctx, client, method, path, in, out, opts...); err != nil {
		return nil, err
	}
	return out, nil
}
