package bridgetest

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
)

const (
	hubspotURL = "https://hubspot.example"
	publicURL  = "https://app.example"
	appID      = "client"
	appSecret  = "secret"
)

// standIn answers what a bridge asks HubSpot about agents' messages and accounts that are connected.
type standIn struct {
	gate *gate

	mu       sync.Mutex
	statuses map[string]status
	files    map[string]*file
	staged   *channels.StagedAccount // what the connect page has handed over last
}

type status struct {
	Type   string `json:"statusType"`
	Reason string `json:"errorMessage"`
}

func newStandIn(g *gate) *standIn {
	return &standIn{gate: g, statuses: map[string]status{}, files: map[string]*file{}}
}

// RoundTrip implements [http.RoundTripper].
func (s *standIn) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
		if err := r.Body.Close(); err != nil {
			return nil, err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	id := path.Base(r.URL.Path)
	switch kind := path.Base(path.Dir(r.URL.Path)); {
	case kind == "actors":
		return answer(r, map[string]any{"id": id, "type": "AGENT", "name": "Alex Agent"}), nil
	case kind == "messages" && r.Method == http.MethodPatch:
		var st status
		if err := json.Unmarshal(body, &st); err != nil {
			return nil, err
		}
		s.statuses[id] = st
		return answer(r, map[string]any{"id": id}), nil
	case kind == "channel-accounts" && r.Method == http.MethodPatch:
		return answer(r, map[string]any{"id": id}), nil
	case kind == "channel-account-staging-tokens":
		s.staged = new(channels.StagedAccount)
		if err := json.Unmarshal(body, s.staged); err != nil {
			return nil, err
		}
		return answer(r, map[string]any{"accountToken": id}), nil
	case id == "signed-url" && s.files[kind] != nil:
		f := s.files[kind]
		return answer(r, map[string]any{"url": f.url(), "name": f.base(), "extension": f.extension(), "size": len(f.content)}), nil
	case kind == "content" && s.files[id] != nil:
		return s.files[id].serve(r, s.gate), nil
	}
	return respond(r, http.StatusNotFound, "application/json", io.NopCloser(strings.NewReader("{}"))), nil
}

func answer(r *http.Request, v any) *http.Response {
	data, err := json.Marshal(v)
	if err != nil {
		return respond(r, http.StatusInternalServerError, "text/plain", io.NopCloser(strings.NewReader(err.Error())))
	}
	return respond(r, http.StatusOK, "application/json", io.NopCloser(bytes.NewReader(data)))
}

func respond(r *http.Request, code int, contentType string, body io.ReadCloser) *http.Response {
	return &http.Response{
		Status: fmt.Sprint(code, " ", http.StatusText(code)), StatusCode: code, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Content-Type": {contentType}}, Body: body, ContentLength: -1, Request: r,
	}
}

// lastStaged is the account that the connect page has handed over last.
func (s *standIn) lastStaged() channels.StagedAccount {
	s.mu.Lock()
	defer s.mu.Unlock()
	return *s.staged
}

// status is what the agent sees of a message, and why.
func (s *standIn) status(id string) (status, reason string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.statuses[id]
	return st.Type, st.Reason
}

// keep stores files that an agent sends.
func (s *standIn) keep(files []*file) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range files {
		s.files[f.id] = f
	}
}

// tell sends the bridge a webhook, and returns its answer.
func (s *standIn) tell(b *bridge.Bridge, event []byte) int {
	const target = "/hubspot/webhook"
	at := strconv.FormatInt(time.Now().UnixMilli(), 10)
	mac := hmac.New(sha256.New, []byte(appSecret))
	fmt.Fprint(mac, http.MethodPost, publicURL, target, string(event), at)
	r := httptest.NewRequest(http.MethodPost, target, bytes.NewReader(event))
	r.Header.Set("X-HubSpot-Signature-v3", base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	r.Header.Set("X-HubSpot-Request-Timestamp", at)
	w := httptest.NewRecorder()
	b.ServeHTTP(w, r)
	return w.Code
}

// event is the webhook of an agent's message, the n-th of the test.
func event(a *bridge.Account, l *letter, n int) []byte {
	var recipients, attachments, senders []any
	for _, to := range l.to {
		recipients = append(recipients, map[string]any{"deliveryIdentifier": to})
	}
	for _, f := range l.files {
		if !f.inline {
			attachments = append(attachments, map[string]any{"type": "FILE", "fileId": f.id})
		}
	}
	if !l.unknown {
		senders = append(senders, map[string]any{"actorId": "A-1"})
	}
	data, err := json.Marshal(map[string]any{
		"type": "OUTGOING_CHANNEL_MESSAGE_CREATED", "portalId": strconv.FormatInt(portal, 10), "channelId": channel, "eventId": l.id,
		"eventTimestamp": start, "channelIntegrationThreadIds": []string{l.thread}, "message": map[string]any{
			"id": l.id, "type": "MESSAGE", "channelId": channel, "channelAccountId": a.ID, "conversationsThreadId": l.thread,
			"createdAt": start.Add(time.Duration(n) * time.Second), "senders": senders, "recipients": recipients, "text": l.text,
			"richText": l.rich, "direction": "OUTGOING", "status": map[string]any{"statusType": "SENT"}, "attachments": attachments,
		},
	})
	if err != nil {
		return []byte(err.Error()) // which the bridge keeps as unread
	}
	return data
}

// connect submits the form of the connect page as an admin's browser does, and returns the answer.
func (s *standIn) connect(ctx context.Context, b *bridge.Bridge, a *bridge.Account, values map[string]string) (*httptest.ResponseRecorder, error) {
	query := url.Values{"portalId": {strconv.FormatInt(portal, 10)}, "inboxId": {string(a.InboxID)}, "channelId": {string(channel)},
		"accountToken": {"token"}, "redirectUrl": {hubspotURL + "/settings"}, "userId": {"1"}}
	target := "/hubspot/connect?" + query.Encode()
	shown := httptest.NewRecorder()
	b.ServeHTTP(shown, httptest.NewRequestWithContext(ctx, http.MethodGet, target, nil))
	_, proof, ok := strings.Cut(shown.Body.String(), `name="proof" value="`)
	if !ok {
		return nil, errors.New("the connect page shows no form: " + problem(shown.Body.String()))
	}
	proof, _, _ = strings.Cut(proof, `"`)
	form := url.Values{"proof": {proof}}
	for name, value := range values {
		form.Set(name, value)
	}
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, target, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for _, c := range shown.Result().Cookies() {
		r.AddCookie(c)
	}
	w := httptest.NewRecorder()
	b.ServeHTTP(w, r)
	return w, nil
}
