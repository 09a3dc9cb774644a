package carrier

import (
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// job is something to be done outside of any request: a webhook to call, or the message with a SID to deliver.
type job struct {
	url  string
	form url.Values
	sid  string
}

// enqueue needs the lock.
func (s *Service) enqueue(j job) {
	s.jobs = append(s.jobs, j)
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

func (s *Service) nextJob() (job, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.jobs) == 0 {
		return job{}, false
	}
	next := s.jobs[0]
	s.jobs = s.jobs[1:]
	return next, true
}

// Run delivers messages and calls webhooks, one after the other, until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	for {
		s.Drain(ctx)
		select {
		case <-s.wake:
		case <-ctx.Done():
			return nil
		}
	}
}

// Drain does what is to be done now and returns, for tests without Run.
func (s *Service) Drain(ctx context.Context) {
	for {
		j, ok := s.nextJob()
		if !ok {
			return
		}
		s.do(ctx, j)
	}
}

func (s *Service) do(ctx context.Context, j job) {
	if j.sid == "" {
		s.post(ctx, j)
		return
	}
	s.mu.Lock()
	m := s.find(j.sid)
	urls := m.urls
	s.mu.Unlock()
	s.advance(ctx, m, "sent", 0, nil)
	var files []File
	for _, u := range urls {
		f, err := s.fetch(ctx, u)
		if err != nil {
			s.cfg.Logger.Warn("a file of the app cannot be fetched", "error", err)
			s.advance(ctx, m, "failed", 11200, nil)
			return
		}
		files = append(files, *f)
	}
	s.advance(ctx, m, "delivered", 0, files)
}

// advance changes the state of a message and tells the app.
func (s *Service) advance(ctx context.Context, m *Message, status string, code int, files []File) {
	s.mu.Lock()
	m.Status, m.ErrorCode, m.Files = status, code, files
	form := s.statusForm(m)
	s.mu.Unlock()
	s.post(ctx, job{url: m.callback, form: form})
}

func (s *Service) fetch(ctx context.Context, address string) (*File, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	resp, err := s.cfg.HTTPClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answered %s", address, resp.Status)
	}
	content, err := io.ReadAll(io.LimitReader(resp.Body, 16<<20))
	return &File{ID: newSID("ME"), Type: resp.Header.Get("Content-Type"), Content: content}, err
}

// A webhook is tried for some minutes where trying again can help.
const (
	retryEvery = time.Second
	retryTimes = 300
)

func (s *Service) post(ctx context.Context, j job) {
	if j.url == "" {
		return
	}
	for range retryTimes {
		status, err := s.postOnce(ctx, j)
		if err == nil && status < 500 {
			if status >= 300 {
				s.cfg.Logger.Warn("the app refused a webhook", "url", j.url, "status", status)
			}
			return
		}
		s.cfg.Logger.Warn("a webhook failed and is tried again", "url", j.url, "status", status, "error", err)
		select {
		case <-time.After(retryEvery):
		case <-ctx.Done():
			return
		}
	}
}

func (s *Service) postOnce(ctx context.Context, j job) (status int, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, j.url, strings.NewReader(j.form.Encode()))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("X-Twilio-Signature", Sign(s.AuthToken(), j.url, j.form))
	resp, err := s.cfg.HTTPClient.Do(req)
	if err != nil {
		return 0, err
	}
	return resp.StatusCode, resp.Body.Close()
}

// Sign returns the signature of a webhook: over its URL and its parameters, in the order of their names.
func Sign(authToken, url string, form url.Values) string {
	mac := hmac.New(sha1.New, []byte(authToken))
	_, _ = io.WriteString(mac, url)
	for _, name := range slices.Sorted(maps.Keys(form)) {
		for _, value := range form[name] {
			_, _ = io.WriteString(mac, name+value)
		}
	}
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// inboundForm and statusForm need the lock.

func (s *Service) inboundForm(m *Message) url.Values {
	form := url.Values{
		"AccountSid": {s.cfg.AccountSID}, "MessageSid": {m.SID}, "From": {m.From}, "To": {m.To}, "Body": {m.Text},
		"NumMedia": {strconv.Itoa(len(m.Files))}, "ApiVersion": {"2010-04-01"},
	}
	for i, f := range m.Files {
		n := strconv.Itoa(i)
		form.Set("MediaUrl"+n, s.cfg.URL+apiPath+s.cfg.AccountSID+"/Messages/"+m.SID+"/Media/"+f.ID)
		form.Set("MediaContentType"+n, f.Type)
	}
	return form
}

func (s *Service) statusForm(m *Message) url.Values {
	form := url.Values{
		"AccountSid": {s.cfg.AccountSID}, "MessageSid": {m.SID}, "From": {m.From}, "To": {m.To}, "MessageStatus": {m.Status},
	}
	if m.ErrorCode != 0 {
		form.Set("ErrorCode", strconv.Itoa(m.ErrorCode))
	}
	return form
}
