// Package webchat is a small web-chat service: one page for customers, a bot API for an app that answers them.
//
// It stands for the messaging service of a user of this SDK, so it knows nothing of HubSpot and imports nothing of the
// SDK. The app and the service meet over HTTP only:
//
//	service → app   POST Config.EventsURL    {"type":"message",…} and {"type":"read",…}
//	app → service   POST /bot/messages       an agent's words for one customer
//	app → service   GET  /bot/files/{id}     a file that a customer sent
//
// Both ways carry Authorization: Bearer Config.Secret. Events are stored before the customer's page hears that its
// message was sent, and they are repeated until the app answers 2xx, in order for each customer. The app therefore
// may see an event twice and tells repeats apart by its message ids.
package webchat

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"sync/atomic"
)

// Config says where a [Service] keeps its data and which app it serves.
type Config struct {
	// Dir holds the database webchat.db and customers' files. It is made, readable by the owner alone, if absent.
	// Required; two services must not share it.
	Dir string

	// EventsURL is the app's address for events, an absolute http or https URL. Required.
	EventsURL string

	// Secret is the bearer token in both directions. Required.
	Secret string

	// Name is what customers see above the chat. Defaults to "Support".
	Name string

	// Logger hears of failed deliveries and of internal errors, never of what people write.
	// Defaults to a logger that discards.
	Logger *slog.Logger
}

// String keeps Secret out of logs.
func (c Config) String() string {
	return fmt.Sprintf("webchat.Config{Dir: %q, Name: %q}", c.Dir, c.Name)
}

// GoString keeps Secret out of %#v too.
func (c Config) GoString() string { return c.String() }

// Service is a web chat. It is an [http.Handler] that expects to be mounted at "/", and is safe for concurrent use.
type Service struct {
	cfg     Config
	log     *slog.Logger
	store   *store
	blobs   blobs
	streams *streams
	client  *http.Client
	mux     http.Handler
	wake    chan struct{} // an event was stored for Run to deliver
	started atomic.Bool   // Run was called
}

// Open opens the service's data, making it where there is none. The caller must call [Service.Close].
func Open(cfg Config) (*Service, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	if cfg.Name == "" {
		cfg.Name = "Support"
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	files := filepath.Join(cfg.Dir, "files")
	if err := os.MkdirAll(files, 0o700); err != nil {
		return nil, fmt.Errorf("webchat: %w", err)
	}
	st, err := openStore(filepath.Join(cfg.Dir, "webchat.db"))
	if err != nil {
		return nil, fmt.Errorf("webchat: open the database in %s: %w", cfg.Dir, err)
	}
	s := &Service{
		cfg:     cfg,
		log:     cfg.Logger,
		store:   st,
		blobs:   blobs{dir: files},
		streams: newStreams(),
		client:  newEventClient(),
		wake:    make(chan struct{}, 1),
	}
	if s.mux, err = s.routes(); err == nil {
		err = s.sweep()
	}
	if err != nil {
		st.Close()
		return nil, fmt.Errorf("webchat: %w", err)
	}
	return s, nil
}

func (c Config) check() error {
	if c.Dir == "" {
		return errors.New("webchat: Config.Dir is empty")
	}
	if c.Secret == "" {
		return errors.New("webchat: Config.Secret is empty")
	}
	u, err := url.Parse(c.EventsURL)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return errors.New("webchat: Config.EventsURL must be an absolute http or https URL")
	}
	return nil
}

// sweep removes files whose message was never stored: the process ended between the two.
func (s *Service) sweep() error {
	kept, err := s.store.fileIDs(context.Background())
	if err != nil {
		return err
	}
	return s.blobs.removeExcept(kept)
}

// Close ends the customers' open streams and closes the database. End [Service.Run] first.
func (s *Service) Close() error {
	s.streams.close()
	return s.store.Close()
}

// ServeHTTP serves the customers' page, its data and the bot API.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

func (s *Service) routes() (http.Handler, error) {
	page, err := s.pageHandler()
	if err != nil {
		return nil, err
	}
	chat := http.NewServeMux()
	chat.HandleFunc("GET /chat/stream", s.serveStream)
	chat.HandleFunc("GET /chat/history", s.asCustomer(s.serveHistory))
	chat.HandleFunc("GET /chat/files/{id}", s.asCustomer(s.serveCustomerFile))
	chat.HandleFunc("POST /chat/messages", s.asCustomer(s.postMessage))
	chat.HandleFunc("POST /chat/read", s.asCustomer(s.postRead))
	chat.HandleFunc("PATCH /chat/me", s.asCustomer(s.patchMe))

	mux := http.NewServeMux()
	mux.Handle("GET /{$}", page)
	mux.HandleFunc("GET /assets/{name}", serveAsset)
	// The customer is known by a cookie, so another site's page must not be able to post in the customer's name.
	mux.Handle("/chat/", http.NewCrossOriginProtection().Handler(chat))
	mux.HandleFunc("POST /bot/messages", s.asBot(s.postBotMessage))
	mux.HandleFunc("GET /bot/files/{id}", s.asBot(s.serveBotFile))
	return mux, nil
}
