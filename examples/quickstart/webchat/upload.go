package webchat

import (
	"bufio"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"unicode"
)

// What one message may hold.
const (
	maxTextBytes = 64 << 10
	maxFiles     = 10
	maxFileBytes = 25 << 20
	maxJSONBytes = 1 << 20 // text in JSON may be six times as long as it is: "\u0001"
)

// post is a message as it comes in: as a JSON body, or as multipart/form-data with the JSON in the field "message",
// followed by up to ten parts "file". The text travels in JSON because browsers rewrite line breaks in form fields.
type post struct {
	ID   string `json:"id"`   // chosen by the sender; a repeat with the same id is the same message
	To   string `json:"to"`   // bot only: the customer's id
	From string `json:"from"` // bot only: the agent's name
	Text string `json:"text"`

	files []file // already in blobs
}

// readPost reads a message and stores its files. On an error no file is left behind; after it the caller owns
// p.files and must remove them if no message comes to refer to them.
func (s *Service) readPost(w http.ResponseWriter, r *http.Request) (p *post, err error) {
	r.Body = http.MaxBytesReader(w, r.Body, maxJSONBytes+maxFiles*maxFileBytes)
	p = &post{}
	defer func() {
		if err != nil {
			s.blobs.remove(p.files)
		}
	}()
	switch kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind {
	case "application/json":
		err = decodeJSON(r.Body, p)
	case "multipart/form-data":
		err = s.readForm(r, p)
	default:
		err = &httpError{http.StatusUnsupportedMediaType, "send application/json or multipart/form-data"}
	}
	if err == nil {
		err = p.check()
	}
	return p, err
}

func (p *post) check() error {
	switch {
	case p.ID == "" || len(p.ID) > 200:
		return &httpError{http.StatusBadRequest, "id must have 1 to 200 bytes"}
	case len(p.Text) > maxTextBytes:
		return &httpError{http.StatusRequestEntityTooLarge, fmt.Sprintf("text is longer than %d bytes", maxTextBytes)}
	case strings.TrimSpace(p.Text) == "" && len(p.files) == 0:
		return &httpError{http.StatusBadRequest, "message is empty"}
	}
	return nil
}

func (s *Service) readForm(r *http.Request, p *post) error {
	form, err := r.MultipartReader()
	if err != nil {
		return &httpError{http.StatusBadRequest, "malformed multipart/form-data"}
	}
	for first := true; ; first = false {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return readError(err)
		}
		switch {
		case first && part.FormName() == "message":
			err = decodeJSON(part, p)
		case !first && part.FormName() == "file" && len(p.files) < maxFiles:
			err = s.readFile(part, p)
		case part.FormName() == "file" && !first:
			err = &httpError{http.StatusRequestEntityTooLarge, fmt.Sprintf("more than %d files", maxFiles)}
		default:
			err = &httpError{http.StatusBadRequest, `the first field must be "message", each further one "file"`}
		}
		if err != nil {
			return err
		}
	}
}

func (s *Service) readFile(part *multipart.Part, p *post) error {
	body := bufio.NewReader(part)
	head, err := body.Peek(512)
	if err != nil && !errors.Is(err, io.EOF) {
		return readError(err)
	}
	f, err := s.blobs.create(body)
	if err != nil {
		return err
	}
	f.Name = cleanFileName(part.FileName())
	f.ContentType = part.Header.Get("Content-Type")
	if kind, _, err := mime.ParseMediaType(f.ContentType); err != nil || kind == "application/octet-stream" {
		f.ContentType = http.DetectContentType(head)
	}
	p.files = append(p.files, *f)
	return nil
}

// cleanFileName keeps a name in any script, without what could leave a folder or hide in a list.
func cleanFileName(name string) string {
	name = strings.Map(func(r rune) rune {
		if r == '/' || r == '\\' || unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(name, ""))
	if name = strings.Trim(name, ". "); name == "" {
		return "file"
	}
	if runes := []rune(name); len(runes) > 120 {
		name = string(runes[:60]) + "…" + string(runes[len(runes)-59:]) // keeps the extension
	}
	return name
}

// decodeJSON reads one small JSON value.
func decodeJSON(r io.Reader, v any) error {
	body, err := io.ReadAll(io.LimitReader(r, maxJSONBytes+1))
	if err != nil {
		return readError(err)
	}
	if len(body) > maxJSONBytes {
		return &httpError{http.StatusRequestEntityTooLarge, "message is too long"}
	}
	if err := json.Unmarshal(body, v); err != nil {
		return &httpError{http.StatusBadRequest, "malformed JSON"}
	}
	return nil
}

// readError is the answer to a body that could not be read to its end.
func readError(err error) error {
	if tooLong := (*http.MaxBytesError)(nil); errors.As(err, &tooLong) {
		return &httpError{http.StatusRequestEntityTooLarge, "message is too long"}
	}
	return &httpError{http.StatusBadRequest, "body ended early"}
}

// blobs keeps the contents of files in a folder, each under its id.
type blobs struct {
	dir string
}

// create stores r, at most maxFileBytes of it, and returns its id and size. The content is on disk when it returns.
func (b blobs) create(r io.Reader) (*file, error) {
	f := &file{ID: rand.Text()}
	out, err := os.OpenFile(b.path(f.ID), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	in := &erring{r: io.LimitReader(r, maxFileBytes+1)}
	f.Size, err = io.Copy(out, in)
	if err == nil {
		err = out.Sync()
	}
	if cerr := out.Close(); err == nil {
		err = cerr
	}
	switch {
	case in.err != nil:
		err = readError(in.err)
	case err == nil && f.Size > maxFileBytes:
		err = &httpError{http.StatusRequestEntityTooLarge, fmt.Sprintf("file is larger than %d MiB", maxFileBytes>>20)}
	}
	if err != nil {
		b.remove([]file{*f})
		return nil, err
	}
	return f, nil
}

// erring remembers why reading ended, to tell the sender's fault from a full disk.
type erring struct {
	r   io.Reader
	err error
}

func (e *erring) Read(p []byte) (int, error) {
	n, err := e.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		e.err = err
	}
	return n, err
}

func (b blobs) path(id string) string { return filepath.Join(b.dir, id) }

func (b blobs) open(id string) (*os.File, error) { return os.Open(b.path(id)) }

// remove forgets files. What cannot be removed is swept at the next start.
func (b blobs) remove(files []file) {
	for _, f := range files {
		_ = os.Remove(b.path(f.ID))
	}
}

func (b blobs) removeExcept(kept map[string]bool) error {
	entries, err := os.ReadDir(b.dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !kept[e.Name()] {
			if err := os.Remove(b.path(e.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}
