// Command minimal is a whole app: it joins an SMS gateway, with one form call each way, to HubSpot's inbox. README.md says
// how to run it, against a simulator or the real HubSpot.
//
// Its settings are in the environment: HUBSPOT_CLIENT_ID, HUBSPOT_CLIENT_SECRET, HUBSPOT_APP_ID, HUBSPOT_DEVELOPER_KEY,
// PUBLIC_URL, GATEWAY_URL and GATEWAY_KEY; and, if need be, HUBSPOT_BASE_URL for another HubSpot and LISTEN for another
// address than 127.0.0.1:8080. It keeps its queue in minimal.db and the key of the tokens in it in minimal.keys.
package main

import (
	"cmp"
	"context"
	"crypto/subtle"
	"database/sql"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"

	_ "modernc.org/sqlite"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/channels/bridge/sqlstore"
	"github.com/customchannels/customchannels-go/oauth"
)

// gateway sends SMS through one HTTP API.
type gateway struct{ url, key string }

// Send implements [bridge.Channel].
func (g *gateway) Send(ctx context.Context, m *bridge.Outgoing) (*bridge.Receipt, error) {
	form := url.Values{"key": {g.key}, "id": {m.ID}, "from": {m.Account.Identifier.Value}, "to": {m.To.Value}, "text": {m.Text}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, g.url, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err // tried again later, in order
	}
	defer resp.Body.Close()
	id, err := io.ReadAll(io.LimitReader(resp.Body, 1024))
	switch resp.StatusCode {
	case http.StatusOK:
		return &bridge.Receipt{ID: string(id)}, err // SENT
	case http.StatusForbidden:
		return nil, bridge.Reject("This number has blocked you.", nil) // FAILED; the agent reads why
	}
	return nil, fmt.Errorf("the gateway answered %s", resp.Status)
}

// ConnectForm implements [bridge.Connector]: what HubSpot's settings ask an admin who connects the channel to an inbox.
func (g *gateway) ConnectForm(context.Context, *bridge.ConnectRequest) (*bridge.ConnectForm, error) {
	return &bridge.ConnectForm{Fields: []bridge.Field{{Name: "number", Label: "Phone number", Type: "tel", Value: "+1 415 555 0100"}}}, nil
}

// Connect implements [bridge.Connector].
func (g *gateway) Connect(_ context.Context, r *bridge.ConnectRequest) (*bridge.Connection, error) {
	return &bridge.Connection{Name: r.Values["number"], DeliveryIdentifier: channels.Phone(r.Values["number"])}, nil
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	db := must(sql.Open("sqlite", "file:minimal.db"))
	store := must(sqlstore.Open(ctx, db, sqlstore.SQLite, must(sqlstore.KeyFile("minimal.keys"))))
	env := os.Getenv
	sms := &gateway{url: env("GATEWAY_URL"), key: env("GATEWAY_KEY")}
	b := must(bridge.New(sms, bridge.Config{
		App:          &oauth.App{ClientID: env("HUBSPOT_CLIENT_ID"), ClientSecret: env("HUBSPOT_CLIENT_SECRET"), BaseURL: env("HUBSPOT_BASE_URL"), Tokens: store},
		DeveloperKey: channels.DeveloperKey{AppID: must(strconv.ParseInt(env("HUBSPOT_APP_ID"), 10, 64)), Key: env("HUBSPOT_DEVELOPER_KEY")},
		Store:        store, PublicURL: env("PUBLIC_URL"), Logger: slog.Default(),
		Definition: bridge.Definition{Name: "Acme SMS", Capabilities: channels.Capabilities{AllowOutgoingMessages: true,
			DeliveryIdentifierTypes: []channels.IdentifierType{channels.TypePhone}, ThreadingModel: channels.ByDeliveryIdentifier}},
	}))
	http.Handle("/hubspot/", b) // webhook, install and connect pages
	http.HandleFunc("POST /sms", func(w http.ResponseWriter, r *http.Request) {
		if sms.key == "" || subtle.ConstantTimeCompare([]byte(r.PostFormValue("key")), []byte(sms.key)) != 1 {
			http.Error(w, "wrong key", http.StatusUnauthorized)
		} else if err := b.Receive(r.Context(), &bridge.Incoming{ID: r.PostFormValue("id"), Text: r.PostFormValue("text"),
			From: channels.Phone(r.PostFormValue("from")), To: channels.Phone(r.PostFormValue("to"))}); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable) // not stored: the gateway sends it again
		}
	})
	go func() { log.Fatal("minimal: ", http.ListenAndServe(cmp.Or(env("LISTEN"), "127.0.0.1:8080"), nil)) }()
	must(0, b.Run(ctx)) // until the program is told to stop; what a sender is cut off from then, it sends again
}

// must ends the program with one line where it cannot start.
func must[T any](v T, err error) T {
	if err != nil {
		log.Fatal("minimal: ", err)
	}
	return v
}
