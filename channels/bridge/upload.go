package bridge

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/messages"
)

// uploaded is a file in HubSpot, or the reason why it is not there.
type uploaded struct {
	ID      messages.FileID    `json:"id,omitempty"`
	Usage   messages.FileUsage `json:"usage,omitempty"` // for a file that did not tell before it was opened
	Problem string             `json:"problem,omitempty"`
}

// upload moves the message's files to HubSpot, each once: progress is saved after every file.
func (p *publishing) upload(ctx context.Context) *Outcome {
	for i := len(p.progress.Files); i < len(p.work.Media); i++ {
		if !p.life.holds() {
			return p.again(p.it, errors.New("the node's time is over"))
		}
		done, o := p.uploadFile(ctx, &p.work.Media[i])
		if o != nil {
			return o
		}
		p.progress.Files = append(p.progress.Files, *done)
		if o := p.checkpoint(ctx); o != nil {
			return o
		}
	}
	return nil
}

func (p *publishing) uploadFile(ctx context.Context, f *spooled) (*uploaded, *Outcome) {
	switch {
	case f.Problem != "":
		return &uploaded{Problem: f.Problem}, nil
	case f.Ref != "":
		return p.uploadOpened(ctx, f)
	}
	info, err := p.portal.messages.Upload(ctx, &messages.Upload{
		Name: f.Name, ContentType: f.Type, Size: f.Size,
		Open: func() (io.ReadCloser, error) { return newSpoolReader(ctx, p.store, f.ID), nil },
	}, once()...)
	return p.uploadEnded(ctx, info, err)
}

func (p *publishing) uploadEnded(ctx context.Context, info *messages.FileInfo, err error) (*uploaded, *Outcome) {
	switch {
	case err == nil:
		return &uploaded{ID: info.ID}, nil
	case refusesFile(err):
		p.log.Warn("HubSpot refused a file; the message goes without it", "portal", p.it.Portal, "error", err)
		return &uploaded{Problem: "HubSpot does not take it"}, nil
	}
	return nil, p.failed(ctx, p.it, err)
}

// refusesFile reports whether HubSpot will never take a file. A missing scope for files must not stop the text.
func refusesFile(err error) bool {
	var answer *channels.Error
	if !errors.As(err, &answer) {
		return false
	}
	switch answer.StatusCode {
	case http.StatusBadRequest, http.StatusForbidden, http.StatusNotFound, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType:
		return true
	}
	return false
}

// uploadOpened streams a file from the channel's MediaOpener to HubSpot.
func (p *publishing) uploadOpened(ctx context.Context, f *spooled) (*uploaded, *Outcome) {
	opener, ok := as[MediaOpener](p.impl)
	if !ok {
		return &uploaded{Problem: "the channel cannot fetch it any more"}, nil
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	src := &mediaSource{ctx: ctx, cancel: cancel, opener: opener, account: p.account.clone(), ref: f.Ref, patience: p.cfg.SendTimeout, limit: p.cfg.MaxIncomingBytes}
	first, err := src.open()
	if err != nil {
		return p.unopened(ctx, err)
	}
	name := fileName(cmp.Or(f.Name, first.Name))
	kind := cmp.Or(f.Type, first.Type)
	if kind == "" {
		kind = detectType(name, f.Usage, first.head())
	}
	info, err := p.portal.messages.Upload(ctx, &messages.Upload{Name: name, ContentType: kind, Size: first.Size, Open: src.next}, once()...)
	if failure := src.close(); failure != nil {
		return p.unopened(ctx, failure)
	}
	done, o := p.uploadEnded(ctx, info, err)
	if done != nil {
		done.Usage = usageOf(kind)
	}
	return done, o
}

var errTooLarge = errors.New("the file is too large")

// unopened decides what becomes of a message whose file could not be fetched. It is never lost: in the end it goes
// without the file.
func (p *publishing) unopened(ctx context.Context, err error) (*uploaded, *Outcome) {
	var rejected *rejection
	var later *postponement
	var gone *disconnection
	now := p.now()
	switch {
	case p.node.ctx.Err() != nil: // the stop, not the file
		return nil, &Outcome{Verdict: Retry, At: now, Reason: err.Error()}
	case errors.Is(err, errTooLarge):
		return &uploaded{Problem: p.tooLarge()}, nil
	case errors.As(err, &rejected):
		p.log.Warn("a customer's file is not to be had; the message goes without it", "portal", p.it.Portal, "error", err)
		return &uploaded{Problem: strings.TrimSuffix(rejected.reason, ".")}, nil
	case errors.As(err, &gone):
		p.disconnect(context.WithoutCancel(ctx), p.account, gone)
	case now.After(p.it.Deadline):
		p.log.Error("a customer's file could not be fetched for too long; the message goes without it", "portal", p.it.Portal, "error", err)
		return &uploaded{Problem: "it could not be fetched"}, nil
	case errors.As(err, &later):
		at := now.Add(later.delay)
		if at.After(p.it.Deadline) {
			at = p.it.Deadline.Add(time.Microsecond) // then it goes without the file
		}
		return nil, &Outcome{Verdict: Retry, At: at, Reason: err.Error()}
	}
	return nil, p.again(p.it, fmt.Errorf("a file could not be fetched: %w", err))
}

// mediaSource opens a file, anew for each request that sends it, and remembers what went wrong with it.
type mediaSource struct {
	ctx      context.Context
	cancel   context.CancelFunc
	opener   MediaOpener
	account  *Account
	ref      string
	patience time.Duration // for Open
	limit    int64         // in bytes

	mu     sync.Mutex
	opened *mediaReader // the latest
	used   bool         // it has been given out
	err    error        // of the file, not of HubSpot
}

func (s *mediaSource) open() (*mediaReader, error) {
	timer := time.AfterFunc(s.patience, s.cancel)
	media, err := s.opener.Open(s.ctx, s.account, s.ref)
	timer.Stop()
	if err == nil && (media == nil || media.Body == nil) {
		err = errors.New("the channel's Open returned no content")
	}
	if err != nil {
		return nil, err
	}
	r := &mediaReader{OpenedMedia: *media, source: s, buffered: bufio.NewReader(media.Body)}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opened, s.used = r, false
	if media.Size > s.limit {
		_ = media.Body.Close()
		return nil, errTooLarge
	}
	return r, nil
}

// next returns the content for one request.
func (s *mediaSource) next() (io.ReadCloser, error) {
	s.mu.Lock()
	r, used := s.opened, s.used
	s.used = true
	s.mu.Unlock()
	if !used {
		return r, nil
	}
	r, err := s.open()
	if err != nil {
		s.failed(err)
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.used = true
	return r, nil
}

func (s *mediaSource) failed(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.err = err
	}
}

// close ends the reading and returns what went wrong with the file, if anything.
func (s *mediaSource) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = s.opened.Body.Close() // what matters is what was read
	return s.err
}

// mediaReader reads a file up to the limit.
type mediaReader struct {
	OpenedMedia
	source   *mediaSource
	buffered *bufio.Reader
	n        int64
}

// head returns the beginning of the content without reading it away.
func (r *mediaReader) head() []byte {
	head, _ := r.buffered.Peek(512) // what fails here fails again when it is read
	return head
}

func (r *mediaReader) Read(b []byte) (n int, err error) {
	defer func() { // the transport reads in a goroutine of its own, where a panic would end the process
		if p := recover(); p != nil {
			n, err = 0, fmt.Errorf("panic while reading: %v", p)
		}
		if err != nil && !errors.Is(err, io.EOF) {
			r.source.failed(err)
		}
	}()
	n, err = r.buffered.Read(b)
	if r.n += int64(n); r.n > r.source.limit {
		return 0, errTooLarge
	}
	if errors.Is(err, io.EOF) && r.Size > 0 && r.n < r.Size {
		return n, io.ErrUnexpectedEOF // cut off, not at its end
	}
	return n, err
}

func (r *mediaReader) Close() error { return r.Body.Close() }
