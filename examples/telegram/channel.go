package main

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/go-telegram/bot"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
)

// telegram joins Telegram bots to the bridge. A bot is an account: its address is the bot's id, and its credentials are
// the bot's token, which the bridge's store keeps sealed.
type telegram struct {
	url    string // of the Bot API
	client client
	log    *slog.Logger

	ownToken string // of a bot to connect where an admin enters none; empty: it is for the admin to enter one

	// account is [bridge.Bridge.Account]. It is set as soon as there is a bridge.
	account func(context.Context, channels.DeliveryIdentifier) (*bridge.Account, error)
}

// capabilities are what a chat with a bot can carry.
func capabilities() channels.Capabilities {
	return channels.Capabilities{
		DeliveryIdentifierTypes: []channels.IdentifierType{channels.TypeOpaque},
		ThreadingModel:          channels.ByDeliveryIdentifier, // a customer has one chat with a bot
		RichText: []channels.RichTextFeature{
			channels.Bold, channels.Italic, channels.Underline, channels.Hyperlink, channels.Blockquote, channels.Lists,
		},
		AllowOutgoingMessages:   true, // but no conversation start: Telegram lets customers write first
		AllowInlineImages:       true,
		OutgoingAttachmentTypes: []channels.OutgoingAttachmentType{channels.OutgoingFile, channels.OutgoingQuickReplies},
		MaxFileCount:            10,
		MaxFileBytes:            50_000_000, // Telegram's limit for what a bot sends
		MaxTotalFileBytes:       100_000_000,
	}
}

// ConnectForm implements [bridge.Connector].
func (t *telegram) ConnectForm(context.Context, *bridge.ConnectRequest) (*bridge.ConnectForm, error) {
	token := bridge.Field{
		Name: "token", Label: "Token of the bot", Type: "password", Required: true,
		Help: "@BotFather on Telegram gave it to you when you made the bot. He shows it again after /mybots, API Token.",
	}
	if t.ownToken != "" {
		token.Required, token.Help = false, "Leave it empty for the bot of this program."
	}
	return &bridge.ConnectForm{
		Title:  "Connect a Telegram bot",
		Intro:  "What people write to the bot will appear in the inbox you chose.",
		Fields: []bridge.Field{token},
	}, nil
}

// tokens look like 123456789:AAE_xyz. They become a part of addresses, so nothing else may.
var tokens = regexp.MustCompile(`^[0-9]+:[A-Za-z0-9_-]+$`)

// Connect implements [bridge.Connector].
func (t *telegram) Connect(ctx context.Context, r *bridge.ConnectRequest) (*bridge.Connection, error) {
	token := cmp.Or(strings.TrimSpace(r.Values["token"]), t.ownToken)
	if !tokens.MatchString(token) {
		return nil, bridge.RejectField("token", "This is not a bot's token. It looks like 123456789:AAE_xyz; please copy all of it.", nil)
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	api, err := t.api([]byte(token))
	if err != nil {
		return nil, err
	}
	me, err := api.GetMe(ctx)
	if errors.Is(err, bot.ErrorUnauthorized) || errors.Is(err, bot.ErrorNotFound) {
		return nil, bridge.RejectField("token", "Telegram does not know this token. Perhaps @BotFather has given the bot a new one since.", err)
	}
	if err != nil {
		return nil, err
	}
	hook, err := api.GetWebhookInfo(ctx)
	if err != nil {
		return nil, err
	}
	if hook.URL != "" {
		return nil, bridge.RejectField("token", "This bot works for another program already, which Telegram calls. Please end that first, or make another bot.", nil)
	}
	id := channels.Opaque(chatID(me.ID))
	if err := t.unused(ctx, r.PortalID, id); err != nil {
		return nil, err
	}
	return &bridge.Connection{Name: "@" + me.Username, DeliveryIdentifier: id, Credentials: []byte(token)}, nil
}

// unused refuses a bot of another portal: Telegram gives each message to just one who asks, so that they would get each
// other's.
func (t *telegram) unused(ctx context.Context, portal int64, id channels.DeliveryIdentifier) error {
	const taken = "This bot is connected to another HubSpot account. Please disconnect it there first, or make another bot."
	if t.account == nil {
		return nil
	}
	account, err := t.account(ctx, id)
	switch {
	case errors.Is(err, bridge.ErrUnknownAccount):
		return nil
	case errors.Is(err, bridge.ErrAmbiguousAccount), err == nil && account.Portal != portal:
		return bridge.RejectField("token", taken, nil)
	}
	return err
}

// api returns a client for a bot. It calls nobody.
func (t *telegram) api(token []byte) (*bot.Bot, error) {
	return bot.New(string(token), bot.WithSkipGetMe(), bot.WithServerURL(t.url), bot.WithHTTPClient(0, t.client), bot.WithUpdatesChannelCap(0),
		bot.WithErrorsHandler(func(err error) { t.log.Debug("Bot API", "error", err) }))
}

// explained says to the bridge what to do about an answer of Telegram.
func explained(err error) error {
	var flood *bot.TooManyRequestsError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &flood):
		return bridge.RetryAfter(time.Duration(flood.RetryAfter)*time.Second, err)
	case errors.Is(err, bot.ErrorUnauthorized), errors.Is(err, bot.ErrorNotFound):
		return bridge.Disconnected("The bot's token is not valid any more. Please connect the bot again.", err)
	case errors.Is(err, bot.ErrorForbidden):
		return bridge.Reject(forbidden(err.Error()), err)
	case errors.Is(err, bot.ErrorBadRequest):
		return bridge.Reject("Telegram does not take this message.", err)
	}
	return err
}

// forbidden is what an agent reads where Telegram does not let the bot write to a customer.
func forbidden(answer string) string {
	switch {
	case strings.Contains(answer, "blocked"):
		return "The customer has blocked the bot."
	case strings.Contains(answer, "deactivated"):
		return "The customer has deleted their Telegram account."
	}
	return "Telegram does not let the bot write to this customer."
}

// client makes errors of requests safe to show: the address, of which a bot's token is a part, is left out. The library does
// that too, but while the goroutine that writes the request may be reading the error.
type client struct{ *http.Client }

// Do implements [bot.HttpClient].
func (c client) Do(r *http.Request) (*http.Response, error) {
	resp, err := c.Client.Do(r)
	return resp, withoutURL(err)
}

func withoutURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}
