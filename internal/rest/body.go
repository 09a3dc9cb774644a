package rest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"sync"
)

// Body is what a request sends; the zero value is nothing. Open is called once for each attempt; if it fails for a later
// one, the call ends with the failure before.
type Body struct {
	ContentType string
	Size        int64 // in bytes; -1 if not known
	Open        func() (io.ReadCloser, error)

	memory bool
}

// empty reports whether there is nothing to send.
func (b *Body) empty() bool { return b.Open == nil || b.Size == 0 }

// inMemory reports whether sending the body takes no time of its own.
func (b *Body) inMemory() bool { return b.Open == nil || b.memory }

// JSON returns a body that holds v. HTML is not escaped, since rich text would grow by it.
func JSON(v any) (Body, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return Body{}, err
	}
	data := bytes.TrimSuffix(b.Bytes(), []byte("\n"))
	return Body{ContentType: "application/json", Size: int64(len(data)), memory: true, Open: func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(data)), nil
	}}, nil
}

// Stream is the answer of a success, left open for the caller to read and close.
type Stream struct {
	Body   io.ReadCloser
	Size   int64 // in bytes; -1 if not known
	Header http.Header
}

var errSettled = errors.New("hubspot: the attempt has ended")

// sentBody is the body of one attempt. It knows whether it was read to its end: before that, the server cannot have got
// the whole request, whatever the transport.
type sentBody struct {
	io.ReadCloser
	progress func()

	mu      sync.Mutex
	left    int64 // bytes to come, negative if not known
	done    bool  // read to the end
	settled bool  // nothing may be read any more
}

// Read implements io.Reader. What a slow source yields after settle is not passed on.
func (b *sentBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.settled {
		return 0, errSettled
	}
	if b.left >= 0 {
		b.left -= int64(n)
	}
	if err == io.EOF || b.left == 0 {
		b.done = true
	}
	b.progress()
	return n, err
}

// settle ends the body, so that a transport which goes on writing cannot complete the request after it was judged, and
// reports whether it was complete.
func (b *sentBody) settle() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.settled = true
	return b.done
}

var errTooBig = errors.New("the answer is too big")

// readAll reads r to its end, with room for size bytes from the start if that is known.
func readAll(r io.Reader, size, most int64) ([]byte, error) {
	if size > most {
		return nil, errTooBig
	}
	if size <= 0 {
		size = bytes.MinRead
	}
	data := make([]byte, 0, size+1) // with one more, the end shows before there is no room left
	for {
		n, err := r.Read(data[len(data):cap(data)])
		data = data[:len(data)+n]
		switch {
		case int64(len(data)) > most:
			return nil, errTooBig
		case err == io.EOF:
			return data, nil
		case err != nil:
			return nil, err
		}
		data = slices.Grow(data, 1)
	}
}
