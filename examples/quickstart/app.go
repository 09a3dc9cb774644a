package main

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"

	_ "modernc.org/sqlite"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/channels/bridge/sqlstore"
	"github.com/customchannels/customchannels-go/examples/quickstart/webchat"
	"github.com/customchannels/customchannels-go/oauth"
)

const channelName = "Quickstart web chat"

// app is the web chat and the bridge that joins it to HubSpot.
type app struct {
	server
	url string
}

func newApp(o *options, dir string, hubspot *credentials, log *slog.Logger) (_ *app, err error) {
	ln, err := listen(o.addr, "-addr")
	if err != nil {
		return nil, err
	}
	var closers []func() error
	closeAll := func() error {
		var errs []error
		for i := len(closers) - 1; i >= 0; i-- {
			errs = append(errs, closers[i]())
		}
		return errors.Join(errs...)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, ln.Close(), closeAll())
		}
	}()
	db, err := openDatabase(filepath.Join(dir, "bridge.db"))
	if err != nil {
		return nil, err
	}
	closers = append(closers, db.Close)
	keys, err := sqlstore.KeyFile(filepath.Join(dir, "bridge.keys"))
	if err != nil {
		return nil, err
	}
	store, err := sqlstore.Open(context.Background(), db, sqlstore.SQLite, keys)
	if err != nil {
		return nil, err
	}
	closers = append(closers, store.Close)

	chat := &webChannel{url: "http://" + ln.Addr().String(), secret: rand.Text(), log: log}
	if chat.bridge, err = newBridge(chat, store, hubspot, log); err != nil {
		return nil, err
	}
	service, err := webchat.Open(webchat.Config{
		Dir: filepath.Join(dir, "webchat"), EventsURL: chat.url + "/webchat/events", Secret: chat.secret, Name: "Acme support", Logger: log,
	})
	if err != nil {
		return nil, err
	}
	closers = append(closers, service.Close)

	mux := http.NewServeMux()
	mux.Handle("/hubspot/", chat.bridge)
	mux.HandleFunc("POST /webchat/events", chat.serveEvent)
	mux.Handle("/", service)
	return &app{url: hubspot.PublicURL, server: server{
		ln: ln, handler: mux, work: []func(context.Context) error{chat.bridge.Run, service.Run}, close: closeAll,
	}}, nil
}

// newBridge is the part that every app with this SDK has.
func newBridge(ch bridge.Channel, store *sqlstore.Store, hubspot *credentials, log *slog.Logger) (*bridge.Bridge, error) {
	return bridge.New(ch, bridge.Config{
		App: &oauth.App{
			ClientID: hubspot.ClientID, ClientSecret: hubspot.ClientSecret, BaseURL: hubspot.BaseURL, Tokens: store, Logger: log,
		},
		DeveloperKey: channels.DeveloperKey{AppID: hubspot.AppID, Key: hubspot.DeveloperKey},
		Store:        store,
		PublicURL:    hubspot.PublicURL,
		Logger:       log,
		Definition: bridge.Definition{
			Name:        channelName,
			Description: "Talk to the visitors of your website.",
			Capabilities: channels.Capabilities{
				DeliveryIdentifierTypes: []channels.IdentifierType{channels.TypeOpaque},
				AllowOutgoingMessages:   true,
				OutgoingAttachmentTypes: []channels.OutgoingAttachmentType{channels.OutgoingFile},
				MaxFileCount:            5,
				MaxFileBytes:            10 << 20,
				MaxTotalFileBytes:       20 << 20,
			},
		},
	})
}

// openDatabase opens a SQLite file that only its owner can read.
func openDatabase(path string) (*sql.DB, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	return sql.Open("sqlite", (&url.URL{Scheme: "file", OmitHost: true, Path: path}).String())
}
