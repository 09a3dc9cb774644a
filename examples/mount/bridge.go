package main

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"strings"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/channels/bridge/sqlstore"
	"github.com/customchannels/customchannels-go/oauth"
)

// hubspot is the HubSpot that the bridge talks to.
type hubspot struct {
	BaseURL                              string
	AppID                                int64
	ClientID, ClientSecret, DeveloperKey string
	PublicURL                            string // where HubSpot reaches the load balancer in front of all nodes
}

func hubspotFromEnv(getenv func(string) string) (*hubspot, error) {
	h := &hubspot{
		BaseURL:  cmp.Or(getenv("HUBSPOT_BASE_URL"), channels.DefaultBaseURL),
		ClientID: getenv("HUBSPOT_CLIENT_ID"), ClientSecret: getenv("HUBSPOT_CLIENT_SECRET"), DeveloperKey: getenv("HUBSPOT_DEVELOPER_KEY"),
		PublicURL: strings.TrimSuffix(getenv("PUBLIC_URL"), "/"),
	}
	for _, name := range []string{"HUBSPOT_CLIENT_ID", "HUBSPOT_CLIENT_SECRET", "HUBSPOT_APP_ID", "HUBSPOT_DEVELOPER_KEY", "PUBLIC_URL"} {
		if getenv(name) == "" {
			return nil, fmt.Errorf("%s is not set; examples/quickstart -hubspot-only prints what to set for a simulator", name)
		}
	}
	var err error
	if h.AppID, err = strconv.ParseInt(getenv("HUBSPOT_APP_ID"), 10, 64); err != nil {
		return nil, fmt.Errorf("HUBSPOT_APP_ID %q is not a number", getenv("HUBSPOT_APP_ID"))
	}
	return h, nil
}

// secure reports whether browsers come over https.
func (h *hubspot) secure() bool { return strings.HasPrefix(h.PublicURL, "https:") }

// newBridge is the same on every node.
func newBridge(s *shop, h *hubspot, store *sqlstore.Store, log *slog.Logger) (*bridge.Bridge, error) {
	return bridge.New(s, bridge.Config{
		App: &oauth.App{
			ClientID: h.ClientID, ClientSecret: h.ClientSecret, BaseURL: h.BaseURL, Tokens: store, Logger: log,
		},
		Store: store, PublicURL: h.PublicURL, Logger: log,
		DeveloperKey: channels.DeveloperKey{AppID: h.AppID, Key: h.DeveloperKey},
		Definition: bridge.Definition{
			Name:        "Shop support",
			Description: "What customers write on the page of their orders.",
			Capabilities: channels.Capabilities{
				DeliveryIdentifierTypes: []channels.IdentifierType{channels.TypeEmail, channels.TypeOpaque},
				ThreadingModel:          channels.ByDeliveryIdentifier,
				AllowOutgoingMessages:   true,
			},
		},
	})
}

// account is the address of the shop, which has one account.
var account = channels.Opaque("shop")

// Send implements [bridge.Channel]: the messaging service is a table of the shop's. The row has the message's id, so that it
// is there once however often Send is called.
func (s *shop) Send(ctx context.Context, m *bridge.Outgoing) (*bridge.Receipt, error) {
	known, err := s.hasOrders(ctx, m.To.Value)
	if err != nil {
		return nil, err
	}
	if !known {
		return nil, bridge.Reject("Nobody with this address has ordered anything, so there is no page to show the message on.", nil)
	}
	err = s.saveMessage(ctx, &message{ID: m.ID, Email: m.To.Value, Author: cmp.Or(m.From.Name, "Support"), Text: m.Text, FromShop: true})
	return &bridge.Receipt{ID: m.ID}, err
}

// ConnectForm implements [bridge.Connector]. There is nothing to ask but a name.
func (s *shop) ConnectForm(context.Context, *bridge.ConnectRequest) (*bridge.ConnectForm, error) {
	return &bridge.ConnectForm{
		Title:  "Connect the shop",
		Intro:  "What customers write on the page of their orders will appear in the inbox you chose.",
		Fields: []bridge.Field{{Name: "name", Label: "Name of the shop", Value: "Acme shop", Required: true}},
	}, nil
}

// Connect implements [bridge.Connector].
func (s *shop) Connect(_ context.Context, r *bridge.ConnectRequest) (*bridge.Connection, error) {
	name := strings.TrimSpace(r.Values["name"])
	if name == "" {
		return nil, bridge.RejectField("name", "Please enter the name of the shop.", nil)
	}
	return &bridge.Connection{Name: name, DeliveryIdentifier: account}, nil
}
