package channels

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/customchannels/customchannels-go/internal/jsonx"
)

// StagedAccount is what an admin has entered in the app's connect page: the account that HubSpot is to create.
type StagedAccount struct {
	Name               string             `json:"accountName"`        // required; shown to agents
	DeliveryIdentifier DeliveryIdentifier `json:"deliveryIdentifier"` // required; the account's address
}

// StagingToken is an account in the making ("ChannelAccountStagingToken" in HubSpot's API reference). It does not tell the
// id of the account to come: that arrives with the CHANNEL_ACCOUNT_CREATED webhook. A time that cannot be read is zero.
type StagingToken struct {
	Token              string
	ChannelID          ID
	InboxID            InboxID
	UserID             int64 // of the admin who connects
	Name               string
	DeliveryIdentifier DeliveryIdentifier
	CreatedAt          time.Time
}

// UnmarshalJSON implements [json.Unmarshaler].
func (t *StagingToken) UnmarshalJSON(data []byte) error {
	var wire struct {
		Token              string             `json:"accountToken"`
		ChannelID          ID                 `json:"genericChannelId"`
		InboxID            InboxID            `json:"inboxId"`
		UserID             json.RawMessage    `json:"userId"`
		Name               string             `json:"accountName"`
		DeliveryIdentifier DeliveryIdentifier `json:"deliveryIdentifier"`
		CreatedAt          jsonx.LooseTime    `json:"createdAt"`
	}
	if err := json.Unmarshal(data, &wire); err != nil {
		return err
	}
	var user int64
	if wire.UserID != nil {
		if err := jsonx.Int(wire.UserID, &user); err != nil {
			return err
		}
	}
	*t = StagingToken{wire.Token, wire.ChannelID, wire.InboxID, user, wire.Name, wire.DeliveryIdentifier, wire.CreatedAt.Time}
	return nil
}

// UpdateStagingToken tells HubSpot which account the admin is connecting. accountToken is the parameter of that name with
// which HubSpot opened the connect page. After success, send the browser to the redirectUrl of the same request; HubSpot
// creates the account then. An error that matches [ErrConflict] means that the address is connected already.
func (c *Client) UpdateStagingToken(ctx context.Context, channel ID, accountToken string, account *StagedAccount, opts ...CallOption) (*StagingToken, error) {
	if strings.TrimSpace(account.Name) == "" {
		return nil, invalidf("an account needs a name")
	}
	if err := account.DeliveryIdentifier.Validate(); err != nil {
		return nil, err
	}
	return send[StagingToken](ctx, c.rest, http.MethodPatch, c.ChannelPath(channel, "channel-account-staging-tokens", accountToken),
		account, append(opts[:len(opts):len(opts)], Idempotent())...)
}
