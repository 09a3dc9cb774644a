package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	_ "modernc.org/sqlite"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/channels/bridge/sqlstore"
	"github.com/customchannels/customchannels-go/oauth"
)

const channelName = "Telegram bot"

// app is the program without what it is tried out with.
type app struct {
	server
	telegram *telegram
}

// newApp opens the store and makes the bridge. o.hubspot has to be set.
func newApp(o *options, ln net.Listener, dir string, log *slog.Logger) (_ *app, err error) {
	db, err := openDatabase(filepath.Join(dir, "telegram.db"))
	if err != nil {
		return nil, err
	}
	closeAll := db.Close
	defer func() {
		if err != nil {
			err = errors.Join(err, closeAll())
		}
	}()
	keys, err := sqlstore.KeyFile(filepath.Join(dir, "telegram.keys"))
	if err != nil {
		return nil, err
	}
	store, err := sqlstore.Open(context.Background(), db, sqlstore.SQLite, keys)
	if err != nil {
		return nil, err
	}
	closeAll = func() error { return errors.Join(store.Close(), db.Close()) }

	t := &telegram{url: strings.TrimSuffix(o.botAPI, "/"), client: client{&http.Client{}}, log: log}
	b, err := newBridge(t, store, o.hubspot, log)
	if err != nil {
		return nil, err
	}
	t.account = b.Account
	mux := http.NewServeMux()
	mux.Handle("/hubspot/", b) // webhook, install and connect pages
	return &app{telegram: t, server: server{ln: ln, handler: mux, work: []func(context.Context) error{b.Run}, close: closeAll}}, nil
}

// newBridge is the part that every app with this SDK has.
func newBridge(t *telegram, store *sqlstore.Store, hubspot *credentials, log *slog.Logger) (*bridge.Bridge, error) {
	return bridge.New(t, bridge.Config{
		App: &oauth.App{
			ClientID: hubspot.ClientID, ClientSecret: hubspot.ClientSecret, BaseURL: hubspot.BaseURL, Tokens: store, Logger: log,
		},
		DeveloperKey: channels.DeveloperKey{AppID: hubspot.AppID, Key: hubspot.DeveloperKey},
		Store:        store,
		PublicURL:    hubspot.PublicURL,
		Logger:       log,
		SendTimeout:  2 * time.Minute, // for files of 50 MB
		Definition:   definition(),
	})
}

func definition() bridge.Definition {
	return bridge.Definition{Name: channelName, Description: "Talk to the people who write to your bot on Telegram.", Capabilities: capabilities()}
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
	return sql.Open("sqlite", (&url.URL{Scheme: "file", Opaque: filepath.ToSlash(path)}).String())
}

// credentials are what a HubSpot app has.
type credentials struct {
	BaseURL      string // empty: HubSpot's
	ClientID     string
	ClientSecret string
	AppID        int64
	DeveloperKey string
	PublicURL    string // where HubSpot reaches this program
}

// credentialsFromEnv returns nil if there are none, which means that HubSpot is to be simulated.
func credentialsFromEnv(getenv func(string) string) (*credentials, error) {
	c := &credentials{BaseURL: strings.TrimSuffix(getenv("HUBSPOT_BASE_URL"), "/")}
	var appID string
	var missing []string
	set := 0
	for _, v := range []struct {
		name string
		dest *string
	}{
		{"HUBSPOT_CLIENT_ID", &c.ClientID},
		{"HUBSPOT_CLIENT_SECRET", &c.ClientSecret},
		{"HUBSPOT_APP_ID", &appID},
		{"HUBSPOT_DEVELOPER_KEY", &c.DeveloperKey},
		{"PUBLIC_URL", &c.PublicURL},
	} {
		if *v.dest = getenv(v.name); *v.dest == "" {
			missing = append(missing, v.name)
		} else if v.name != "PUBLIC_URL" { // which others set too
			set++
		}
	}
	if set == 0 && c.BaseURL == "" {
		return nil, nil
	}
	if len(missing) > 0 {
		return nil, fmt.Errorf("some variables for HubSpot are set, but not %s; set these too, or unset all to use the simulator",
			strings.Join(missing, ", "))
	}
	id, err := strconv.ParseInt(appID, 10, 64)
	if err != nil {
		return nil, fmt.Errorf("HUBSPOT_APP_ID %q is not a number", appID)
	}
	c.AppID = id
	c.PublicURL = strings.TrimSuffix(c.PublicURL, "/")
	return c, nil
}
