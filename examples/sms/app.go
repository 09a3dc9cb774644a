package main

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"path/filepath"
	"time"

	_ "modernc.org/sqlite"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/channels/bridge/sqlstore"
	"github.com/customchannels/customchannels-go/oauth"
)

const channelName = "Acme SMS"

// definition is what HubSpot gets to know of the channel.
var definition = bridge.Definition{
	Name:        channelName,
	Description: "Text messages of your own phone number.",
	Capabilities: channels.Capabilities{
		DeliveryIdentifierTypes: []channels.IdentifierType{channels.TypePhone, channels.TypeShortCode},
		ThreadingModel:          channels.ByDeliveryIdentifier, // one conversation with each phone
		AllowOutgoingMessages:   true,
		AllowConversationStart:  true,
		OutgoingAttachmentTypes: []channels.OutgoingAttachmentType{channels.OutgoingFile},
		AllowedFileMIMETypes:    []string{"image/jpeg", "image/png", "image/gif"},
		MaxFileCount:            10,
		MaxFileBytes:            5 << 20,
		MaxTotalFileBytes:       5 << 20,
	},
}

// settings are what the app has to know of the world.
type settings struct {
	hubspot   *hubspot
	apiURL    string // of the SMS service
	publicURL string // where HubSpot and the service reach the app
	window    time.Duration
	form      map[string]string // fills in the connect form; nil for nothing
	http      *http.Client
	log       *slog.Logger
}

// app is the bridge with the channel, and the handler for all that others call.
type app struct {
	http.Handler
	channel *smsChannel
	bridge  *bridge.Bridge
	files   *outbox
}

// store is what both of the SDK's stores are.
type store interface {
	bridge.Store
	oauth.TokenStore
}

// newApp puts the app together. Files are kept in dir.
func newApp(s *settings, st store, dir string) (*app, error) {
	files, err := openOutbox(filepath.Join(dir, "files"), s.publicURL, time.Now, s.log)
	if err != nil {
		return nil, err
	}
	ch := &smsChannel{
		api: &client{base: s.apiURL, http: s.http}, files: files, url: s.publicURL, window: s.window, form: s.form,
		log: s.log, now: time.Now,
	}
	if ch.bridge, err = newBridge(ch, s, st); err != nil {
		return nil, errors.Join(err, files.close())
	}
	mux := http.NewServeMux()
	mux.Handle("/hubspot/", ch.bridge)
	mux.HandleFunc("POST "+incomingPath, ch.serveIncoming)
	mux.HandleFunc("POST "+statusPath, ch.serveStatus)
	mux.Handle("GET "+filesPath+"{dir}/{name}", files)
	return &app{Handler: mux, channel: ch, bridge: ch.bridge, files: files}, nil
}

func newBridge(ch bridge.Channel, s *settings, st store) (*bridge.Bridge, error) {
	return bridge.New(ch, bridge.Config{
		API: []channels.Option{channels.WithHTTPClient(s.http)},
		App: &oauth.App{
			ClientID: s.hubspot.ClientID, ClientSecret: s.hubspot.ClientSecret, BaseURL: s.hubspot.BaseURL,
			HTTPClient: s.http, Tokens: st, Logger: s.log,
		},
		Store: st, PublicURL: s.publicURL, Logger: s.log, Definition: definition,
		DeveloperKey: channels.DeveloperKey{AppID: s.hubspot.AppID, Key: s.hubspot.DeveloperKey},
	})
}

// openStore opens the queue in dir.
func openStore(ctx context.Context, dir string) (_ *sqlstore.Store, closeAll func() error, err error) {
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", OmitHost: true, Path: filepath.Join(dir, "bridge.db")}).String())
	if err != nil {
		return nil, nil, err
	}
	keys, err := sqlstore.KeyFile(filepath.Join(dir, "bridge.keys"))
	if err != nil {
		return nil, nil, errors.Join(err, db.Close())
	}
	st, err := sqlstore.Open(ctx, db, sqlstore.SQLite, keys)
	if err != nil {
		return nil, nil, errors.Join(err, db.Close())
	}
	return st, func() error { return errors.Join(st.Close(), db.Close()) }, nil
}
