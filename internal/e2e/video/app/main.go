// Program app joins a service that takes and gives files to HubSpot. It is told where everything is in APP_SETUP.
package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"regexp"

	_ "modernc.org/sqlite"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/channels/bridge/sqlstore"
	"github.com/customchannels/customchannels-go/oauth"
)

// setup is what the app's process is told.
type setup struct {
	Dir, Listen, Service, HubSpot string
	ClientID, Secret, Key         string
	AppID                         int64
	MaxIncoming, MaxFile          int64
}

func main() {
	if err := run(os.Getenv("APP_SETUP")); err != nil {
		fmt.Fprintln(os.Stderr, "app:", err)
		os.Exit(1)
	}
}

func run(encoded string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var s setup
	if err := json.Unmarshal([]byte(encoded), &s); err != nil {
		return err
	}
	db, err := sql.Open("sqlite", "file:"+s.Dir+"/bridge.db")
	if err != nil {
		return err
	}
	defer db.Close()
	keys, err := sqlstore.KeyFile(s.Dir + "/bridge.keys")
	if err != nil {
		return err
	}
	store, err := sqlstore.Open(ctx, db, sqlstore.SQLite, keys)
	if err != nil {
		return err
	}
	registry, err := channels.NewRegistry(channels.DeveloperKey{AppID: s.AppID, Key: s.Key}, channels.WithBaseURL(s.HubSpot))
	if err != nil {
		return err
	}
	b, err := bridge.New(courier{s.Service}, bridge.Config{
		App:   &oauth.App{ClientID: s.ClientID, ClientSecret: s.Secret, BaseURL: s.HubSpot, Tokens: store},
		Store: store, PublicURL: "http://" + s.Listen, Registry: registry, MaxIncomingBytes: s.MaxIncoming,
		Definition: bridge.Definition{Name: "Video", Capabilities: channels.Capabilities{
			DeliveryIdentifierTypes: []channels.IdentifierType{channels.TypeOpaque}, AllowOutgoingMessages: true,
			OutgoingAttachmentTypes: []channels.OutgoingAttachmentType{channels.OutgoingFile},
			AllowedFileMIMETypes:    []string{"video/*"},
			MaxFileCount:            1, MaxFileBytes: s.MaxFile, MaxTotalFileBytes: s.MaxFile,
		}},
	})
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("/hubspot/", b)
	mux.HandleFunc("POST /video", func(w http.ResponseWriter, r *http.Request) {
		err := b.Receive(r.Context(), &bridge.Incoming{ID: r.URL.Query().Get("id"), From: customer, To: shop,
			Media: []bridge.Media{{Name: "holiday.mp4", Type: "video/mp4", Body: r.Body}}})
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})
	mux.HandleFunc("GET /memory", func(w http.ResponseWriter, _ *http.Request) {
		status, err := os.ReadFile("/proc/self/status")
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		fmt.Fprint(w, string(regexp.MustCompile(`VmHWM:\s*(\d+) kB`).FindSubmatch(status)[1]))
	})
	server := &http.Server{Addr: s.Listen, Handler: mux}
	done := make(chan error, 1)
	go func() { done <- server.ListenAndServe() }()
	err = b.Run(ctx)
	return errors.Join(err, server.Close(), ignoreClosed(<-done), store.Close())
}

func ignoreClosed(err error) error {
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

var (
	customer = channels.Opaque("ada")
	shop     = channels.Opaque("shop")
)

// courier hands files to a service by HTTP.
type courier struct{ service string }

// Send implements [bridge.Channel].
func (c courier) Send(ctx context.Context, m *bridge.Outgoing) (*bridge.Receipt, error) {
	for _, f := range m.Media {
		if err := c.send(ctx, f); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

func (c courier) send(ctx context.Context, f *bridge.OutgoingMedia) error {
	body, err := f.Open(ctx)
	if err != nil {
		return err
	}
	defer body.Close()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.service+"/"+f.Name, body)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return err
}

// ConnectForm implements [bridge.Connector].
func (courier) ConnectForm(context.Context, *bridge.ConnectRequest) (*bridge.ConnectForm, error) {
	return &bridge.ConnectForm{}, nil
}

// Connect implements [bridge.Connector].
func (courier) Connect(context.Context, *bridge.ConnectRequest) (*bridge.Connection, error) {
	return &bridge.Connection{Name: "Shop", DeliveryIdentifier: shop}, nil
}
