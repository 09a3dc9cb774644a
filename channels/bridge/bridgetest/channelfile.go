package bridgetest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"
)

// file is a file that an agent sends.
type file struct {
	id      string
	name    string
	mime    string
	content []byte
	inline  bool // a picture in the text

	mu      sync.Mutex
	refused int  // the status that HubSpot answers with, 0 to give it out
	breaks  bool // HubSpot's answer ends before the file does
	readers []*fileReader
	late    bool // it was opened, or read, after Send had returned
}

func newFile(id, name, mime string, size int) *file {
	pattern := []byte("Content of " + id + ". ")
	return &file{id: id, name: name, mime: mime, content: bytes.Repeat(pattern, size/len(pattern)+1)[:size]}
}

func (f *file) extension() string { return strings.TrimPrefix(path.Ext(f.name), ".") }

// url is where the file can be had for some time.
func (f *file) url() string { return hubspotURL + "/content/" + f.id }

func (f *file) base() string { return strings.TrimSuffix(f.name, path.Ext(f.name)) }

// set has HubSpot refuse the file with a status, break off, or give it out.
func (f *file) set(refused int, breaks bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.refused, f.breaks = refused, breaks
}

func (f *file) serve(r *http.Request, g *gate) *http.Response {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.inline && g.inside.Load() == 0 {
		f.late = true
	}
	if f.refused != 0 {
		return respond(r, f.refused, "application/json", io.NopCloser(strings.NewReader("{}")))
	}
	body := &fileReader{file: f, gate: g, left: f.content}
	if f.breaks {
		body.left, body.end = f.content[:len(f.content)/2], errBroken
	}
	f.readers = append(f.readers, body)
	return respond(r, http.StatusOK, f.mime, body)
}

var errBroken = errors.New("the connection to HubSpot broke off")

// fileReader sees what is done with an opened file.
type fileReader struct {
	file   *file
	gate   *gate
	left   []byte
	end    error // nil means io.EOF
	begun  bool
	ended  bool
	closed bool
}

func (r *fileReader) Read(p []byte) (int, error) {
	r.file.mu.Lock()
	defer r.file.mu.Unlock()
	if !r.file.inline && r.gate.inside.Load() == 0 {
		r.file.late = true
	}
	if r.closed {
		return 0, errors.New("the file was read after it had been closed")
	}
	n := copy(p, r.left)
	r.left, r.begun = r.left[n:], true
	if len(r.left) > 0 {
		return n, nil
	}
	r.ended = true
	if r.end != nil {
		return n, r.end
	}
	return n, io.EOF
}

func (r *fileReader) Close() error {
	r.file.mu.Lock()
	defer r.file.mu.Unlock()
	r.closed = true
	return nil
}

// misuse says what was done wrong with the file, or nothing. whole is whether all of it should have been read.
func (f *file) misuse(whole bool) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	halfway := func(r *fileReader) bool { return r.begun && !r.ended }
	switch {
	case f.late:
		return "was read after Send had returned"
	case slices.ContainsFunc(f.readers, func(r *fileReader) bool { return !r.closed }):
		return "was opened, but not closed"
	case whole && slices.ContainsFunc(f.readers, halfway):
		return "was read in part only"
	}
	return ""
}

// usualTypes are those that agents can send on a channel that does not say which.
var usualTypes = []string{"image/png", "image/jpeg", "application/pdf", "text/plain", "audio/mpeg", "video/mp4"}

// extensions are the usual ones, also where the system does not know the type.
var extensions = map[string]string{
	"image/png": ".png", "image/jpeg": ".jpg", "image/gif": ".gif", "image/webp": ".webp", "application/pdf": ".pdf",
	"text/plain": ".txt", "text/csv": ".csv", "audio/mpeg": ".mp3", "audio/ogg": ".ogg", "video/mp4": ".mp4", "application/zip": ".zip",
}

// wildcards are examples of whole kinds of types.
var wildcards = map[string]string{
	"image/*": "image/png", "audio/*": "audio/mpeg", "video/*": "video/mp4", "text/*": "text/plain", "application/*": "application/pdf",
}

// nameOf makes a file name for a type. ok is false if no extension stands for it, so that HubSpot could not send it either.
func nameOf(mimeType string) (name string, ok bool) {
	ext, ok := extensions[mimeType]
	if !ok {
		all, err := mime.ExtensionsByType(mimeType)
		if err != nil || len(all) == 0 {
			return "", false
		}
		ext = all[0]
	}
	return "file" + ext, true
}

func fileID(n int) string { return fmt.Sprintf("file-%d", n) }
