package hubspottest

import (
	"errors"
	"io"
	"net/http"
	"sync"
)

// errReset is what a caller of Transport sees where a network client would see
// its connection reset.
var errReset = errors.New("hubspottest: connection reset by peer")

// Transport returns a RoundTripper that hands requests to the server without a
// network, whatever their host. It makes tests fit into testing/synctest
// bubbles. Bodies are streamed; cancelling the request ends its handler.
func (s *Server) Transport() http.RoundTripper { return inMemory{s} }

type inMemory struct{ handler http.Handler }

// RoundTrip implements http.RoundTripper. The handler runs in a goroutine that
// ends with the handler: when the answer is complete, its body is closed, or
// the request's context is done.
func (t inMemory) RoundTrip(r *http.Request) (*http.Response, error) {
	in := r.Clone(r.Context())
	in.RequestURI = in.URL.RequestURI()
	in.RemoteAddr = "127.0.0.1:0"
	if in.Host == "" {
		in.Host = in.URL.Host
	}
	if in.Body == nil {
		in.Body = http.NoBody
	}
	w := newMemoryWriter(r)
	go func() {
		defer in.Body.Close()
		defer w.finish()
		t.handler.ServeHTTP(w, in)
	}()
	select {
	case <-w.started:
	case <-r.Context().Done():
		w.body.CloseWithError(r.Context().Err())
		return nil, r.Context().Err()
	}
	if w.aborted {
		return nil, errReset
	}
	return w.response, nil
}

// memoryWriter turns a handler's writes into a streamed response.
type memoryWriter struct {
	header   http.Header
	request  *http.Request
	response *http.Response
	body     *io.PipeWriter
	reader   *io.PipeReader
	once     sync.Once
	started  chan struct{} // closed once response or aborted is set
	aborted  bool
}

func newMemoryWriter(r *http.Request) *memoryWriter {
	w := &memoryWriter{header: http.Header{}, request: r, started: make(chan struct{})}
	w.reader, w.body = io.Pipe()
	return w
}

func (w *memoryWriter) Header() http.Header { return w.header }

func (w *memoryWriter) WriteHeader(status int) {
	w.once.Do(func() {
		w.response = &http.Response{
			Status:        http.StatusText(status),
			StatusCode:    status,
			Proto:         "HTTP/1.1",
			ProtoMajor:    1,
			ProtoMinor:    1,
			Header:        w.header.Clone(),
			Body:          w.reader,
			ContentLength: -1,
			Request:       w.request,
		}
		close(w.started)
	})
}

func (w *memoryWriter) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.body.Write(p)
}

func (w *memoryWriter) Flush() { w.WriteHeader(http.StatusOK) }

// finish completes the answer. A handler that aborts resets the connection, as
// it does in net/http.
func (w *memoryWriter) finish() {
	switch v := recover(); v {
	case nil:
		w.WriteHeader(http.StatusOK)
		w.body.Close()
	case http.ErrAbortHandler:
		w.once.Do(func() {
			w.aborted = true
			close(w.started)
		})
		w.body.CloseWithError(errReset)
	default:
		panic(v)
	}
}
