// Package carrier is an SMS service in a box, for developing and testing a channel without an account at one. Its REST API,
// webhooks and error codes are like Twilio's, as far as the example sms uses them. Beside the API it has a page that is a
// customer's phone, at /, and a Go API that does what customers and networks do.
//
//	c := carrier.New(carrier.Config{})
//	server := httptest.NewServer(c)
//	c.SetURL(server.URL)
//	go c.Run(ctx) // delivers messages and webhooks
//	sid, err := c.Write("+14155550123", "Is it open?")
package carrier

import (
	"cmp"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Config describes the service. The zero Config works.
type Config struct {
	// AccountSID and AuthToken are the credentials of the one customer that the service has: the app. Default to random
	// ones.
	AccountSID, AuthToken string

	// Number is the phone number that belongs to the account. Defaults to "+14155550100".
	Number string

	// URL is where the service is reached, which the links to files begin with. SetURL sets it too.
	URL string

	// Window is how long after a customer's message the customer may be answered, as in WhatsApp. Defaults to for ever, as
	// for SMS.
	Window time.Duration

	// HTTPClient calls the app's webhooks and fetches its files. Defaults to one with a timeout of ten seconds.
	HTTPClient *http.Client

	// Logger gets a warning for every webhook that failed. Defaults to silence.
	Logger *slog.Logger

	// Now is the clock. Defaults to [time.Now].
	Now func() time.Time
}

// Message is a message in either direction.
type Message struct {
	SID       string    `json:"sid"`
	From      string    `json:"from"`
	To        string    `json:"to"`
	Text      string    `json:"text"`
	Files     []File    `json:"files"`
	Inbound   bool      `json:"inbound"` // from a customer to the app
	Status    string    `json:"status"`  // queued, sent, delivered, read, undelivered or failed; of an inbound one: received
	ErrorCode int       `json:"errorCode,omitempty"`
	Time      time.Time `json:"time"`

	callback string   // where the status goes
	urls     []string // of the files, which are still to be fetched
}

// File is a file of a message.
type File struct {
	ID      string `json:"id"` // set by the service
	Type    string `json:"type"`
	Content []byte `json:"-"`
}

// Refusal is what the service answers a call of its API instead of doing what it says.
type Refusal struct {
	Status     int
	Code       int           // of the error; 0 for none
	RetryAfter time.Duration // in whole seconds; 0 for no such header
	Accept     bool          // take the message all the same: the answer is lost, the message is not
}

// Service is the SMS service. Make one with [New]. It is safe for concurrent use.
type Service struct {
	cfg        Config
	api, phone http.Handler
	wake       chan struct{} // for Run

	mu       sync.Mutex
	token    string
	webhook  string // where customers' messages go: the number's SmsUrl
	messages []*Message
	keys     map[string]string // idempotency key → SID
	stopped  map[string]bool   // numbers whose owner has texted STOP
	refusals []Refusal
	jobs     []job
}

// New returns a service that does nothing before [Service.Run].
func New(cfg Config) *Service {
	cfg.AccountSID = cmp.Or(cfg.AccountSID, newSID("AC"))
	cfg.AuthToken = cmp.Or(cfg.AuthToken, strings.ToLower(rand.Text()))
	cfg.Number = cmp.Or(cfg.Number, "+14155550100")
	if cfg.HTTPClient == nil {
		cfg.HTTPClient = &http.Client{Timeout: 10 * time.Second}
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	s := &Service{
		cfg: cfg, token: cfg.AuthToken, wake: make(chan struct{}, 1),
		keys: map[string]string{}, stopped: map[string]bool{},
	}
	s.api, s.phone = s.apiHandler(), s.phoneHandler()
	return s
}

// AccountSID is the name of the app's account.
func (s *Service) AccountSID() string { return s.cfg.AccountSID }

// AuthToken is the secret of the app's account.
func (s *Service) AuthToken() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.token
}

// Number is the account's phone number.
func (s *Service) Number() string { return s.cfg.Number }

// SetURL says where the service is reached.
func (s *Service) SetURL(url string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cfg.URL = url
}

// Webhook is where the app has customers' messages sent to; empty as long as it has not said so.
func (s *Service) Webhook() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.webhook
}

// Write is a customer who writes to the account's number. It returns the message's SID. "STOP" has the customer
// blocked for the app, "START" unblocked.
func (s *Service) Write(from, text string, files ...File) (sid string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.webhook == "" {
		return "", fmt.Errorf("carrier: nobody listens at %s: the app has set no webhook yet", s.cfg.Number)
	}
	for i := range files {
		files[i].ID = newSID("ME")
	}
	m := &Message{
		SID: newSID("SM"), From: from, To: s.cfg.Number, Text: text, Files: files, Inbound: true, Status: "received", Time: s.cfg.Now(),
	}
	s.messages = append(s.messages, m)
	switch strings.ToUpper(strings.TrimSpace(text)) {
	case "STOP":
		s.stopped[from] = true
	case "START":
		delete(s.stopped, from)
	}
	s.enqueue(job{url: s.webhook, form: s.inboundForm(m)})
	return m.SID, nil
}

// Repeat sends the webhook of a customer's message again, as services do that are not sure.
func (s *Service) Repeat(sid string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if m := s.find(sid); m != nil && m.Inbound {
		s.enqueue(job{url: s.webhook, form: s.inboundForm(m)})
	}
}

// Read is a customer who reads a message of the app.
func (s *Service) Read(sid string) { s.setStatus(sid, "read", 0) }

// Fail is a network that cannot deliver a message of the app, for the reason with an error code such as 30003.
func (s *Service) Fail(sid string, code int) { s.setStatus(sid, "undelivered", code) }

// Refuse has the next call of the API refused. Several refusals are played one after the other.
func (s *Service) Refuse(r Refusal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refusals = append(s.refusals, r)
}

// Revoke replaces the account's auth token, as its owner may.
func (s *Service) Revoke() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.token = strings.ToLower(rand.Text())
}

// Messages returns all messages with a customer, oldest first.
func (s *Service) Messages(customer string) []Message {
	return slices.DeleteFunc(s.All(), func(m Message) bool { return m.From != customer && m.To != customer })
}

// All returns all messages, oldest first.
func (s *Service) All() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Message
	for _, m := range s.messages {
		c := *m
		c.Files = slices.Clone(m.Files)
		out = append(out, c)
	}
	return out
}

func (s *Service) setStatus(sid, status string, code int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if m := s.find(sid); m != nil && !m.Inbound {
		m.Status, m.ErrorCode = status, code
		s.enqueue(job{url: m.callback, form: s.statusForm(m)})
	}
}

// find needs the lock.
func (s *Service) find(sid string) *Message {
	i := slices.IndexFunc(s.messages, func(m *Message) bool { return m.SID == sid })
	if i < 0 {
		return nil
	}
	return s.messages[i]
}

func newSID(prefix string) string { return prefix + strings.ToLower(rand.Text()) }
