package bridge

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"path"
	"slices"
	"strings"

	"github.com/customchannels/customchannels-go/messages"
)

// Media is a file that a customer sent: its content as Body, or a Ref under which a [MediaOpener] finds it.
type Media struct {
	Name  string // as the customer's file is called; a path in front of it is dropped
	Type  string // the MIME type; empty: derived from Name and content
	Usage messages.FileUsage

	// Body is read, and kept in the store, before Receive returns. If it fails, so does Receive, and nothing is stored: let
	// the service send the message again. Where the service's links expire within minutes, Body is the way.
	Body io.Reader

	// Ref is opened when the message is published, and what it leads to goes straight to HubSpot. It has to stay valid for
	// as long as a message may wait, [Config.HoldFor].
	Ref string
}

// MediaOpener is implemented by a [Channel] whose customers' files are fetched when they are needed. Without it
// [Bridge.Receive] refuses a [Media.Ref] with [ErrInvalid].
type MediaOpener interface {
	// Open fetches what a [Media.Ref] of a message to the account refers to. It may be called several times. ctx ends
	// after [Config.SendTimeout] unless Open has returned by then; otherwise when the content has been read.
	//
	// An error, of Open or of reading, that was made by [Reject] has the message published without the file, with a note that
	// holds the reason. Errors made by [RetryAfter] and [Disconnected] mean the same as those of Send. After any other it
	// is opened again, with growing pauses, and the message waits, until [Config.HoldFor] is over; then it is published
	// without the file.
	Open(ctx context.Context, account *Account, ref string) (*OpenedMedia, error)
}

// OpenedMedia is a file that a [MediaOpener] has opened.
type OpenedMedia struct {
	Body io.ReadCloser // closed by the bridge, as soon as [Config.MaxIncomingBytes] are exceeded
	Name string        // for a Media without one
	Type string        // the MIME type, for a Media without one; empty: derived from name and content
	Size int64         // in bytes; 0 if not known. With a wrong size the upload fails
}

func (b *Bridge) validateMedia(files []Media) error {
	_, opens := as[MediaOpener](b.impl)
	switch {
	case slices.ContainsFunc(files, func(f Media) bool { return f.Body == nil && f.Ref == "" }):
		return fmt.Errorf("%w: a file of Media has neither Body nor Ref", ErrInvalid)
	case slices.ContainsFunc(files, func(f Media) bool { return f.Body != nil && f.Ref != "" }):
		return fmt.Errorf("%w: a file of Media has both Body and Ref", ErrInvalid)
	case !opens && slices.ContainsFunc(files, func(f Media) bool { return f.Ref != "" }):
		return fmt.Errorf("%w: a file of Media has a Ref, but the channel is no MediaOpener", ErrInvalid)
	}
	return nil
}

// spooled is a file of a customer's message: where it is kept, or how it is found, or the note that it could not be kept.
type spooled struct {
	ID      string             `json:"id,omitempty"`
	Ref     string             `json:"ref,omitempty"`
	Name    string             `json:"name"`
	Type    string             `json:"type"`
	Usage   messages.FileUsage `json:"usage,omitempty"`
	Size    int64              `json:"size"`
	Problem string             `json:"problem,omitempty"`
	Sum     []byte             `json:"sum,omitempty"`
}

const chunkSize = 256 << 10 // bytes; each is a short transaction

// spool keeps a file in the store, so that it is there as long as its message waits. A file that is too big does not lose
// the message; one that cannot be read makes Receive fail, so that the service tries again.
func (b *Bridge) spool(ctx context.Context, m *Media) (*spooled, error) {
	if m.Ref != "" {
		f := &spooled{Ref: m.Ref, Type: m.Type, Usage: m.Usage}
		if m.Name != "" {
			f.Name = fileName(m.Name)
		}
		return f, nil
	}
	f := &spooled{ID: randomID(), Name: fileName(m.Name), Type: m.Type, Usage: m.Usage}
	sum := sha256.New()
	chunk := make([]byte, chunkSize)
	for n := 0; ; n++ {
		size, err := io.ReadFull(m.Body, chunk)
		if n == 0 && f.Type == "" {
			f.Type = detectType(f.Name, f.Usage, chunk[:size])
		}
		if f.Size += int64(size); f.Size > b.cfg.MaxIncomingBytes {
			return f.dropped(b.tooLarge()), nil
		}
		if size > 0 {
			sum.Write(chunk[:size])
			if err := b.store.WriteMedia(ctx, f.ID, n, bytes.Clone(chunk[:size])); err != nil {
				return nil, err
			}
		}
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			f.Sum = sum.Sum(nil)
			def(&f.Usage, usageOf(f.Type))
			return f, nil
		case err != nil:
			return nil, err
		}
	}
}

func (f *spooled) dropped(problem string) *spooled {
	f.ID, f.Problem = "", problem // what was written so far refers to no message and is swept
	return f
}

// tooLarge is what the agent reads of a file that goes beyond the limit.
func (b *Bridge) tooLarge() string {
	return fmt.Sprintf("it is larger than %d MiB", b.cfg.MaxIncomingBytes>>20)
}

// fileName drops what could be a path, whichever system wrote it.
func fileName(name string) string {
	name = path.Base(strings.ReplaceAll(name, `\`, "/"))
	if name == "." || name == "/" {
		return "file"
	}
	return name
}

func detectType(name string, usage messages.FileUsage, head []byte) string {
	if t := typeByName(name, usage); t != "" {
		return t
	}
	return http.DetectContentType(head)
}

// typeByName is empty where the name says nothing. An extension that stands for sound and for film is film's, unless the
// usage says that one only hears it.
func typeByName(name string, usage messages.FileUsage) string {
	t := mime.TypeByExtension(path.Ext(name))
	if t == "audio/webm" && usage != messages.UsageAudio && usage != messages.UsageVoiceRecording {
		return "video/webm"
	}
	return t
}

func usageOf(mimeType string) messages.FileUsage {
	kind, _, _ := strings.Cut(mimeType, "/")
	switch strings.ToLower(kind) {
	case "image":
		return messages.UsageImage
	case "audio":
		return messages.UsageAudio
	}
	return messages.UsageOther
}

// spoolReader reads a spooled file chunk by chunk.
type spoolReader struct {
	ctx   context.Context
	store Store
	id    string
	n     int
	chunk *bytes.Reader
}

func newSpoolReader(ctx context.Context, s Store, id string) *spoolReader {
	return &spoolReader{ctx: ctx, store: s, id: id, chunk: bytes.NewReader(nil)}
}

func (r *spoolReader) Read(p []byte) (int, error) {
	for r.chunk.Len() == 0 {
		data, err := r.store.ReadMedia(r.ctx, r.id, r.n)
		if errors.Is(err, ErrNotFound) {
			return 0, io.EOF
		}
		if err != nil {
			return 0, err
		}
		r.n++
		r.chunk.Reset(data)
	}
	return r.chunk.Read(p)
}

func (r *spoolReader) Close() error { return nil }
