package webhook

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/customchannels/customchannels-go/channels"
)

// Key is made of the message id, which HubSpot keeps over redeliveries.
func (e *OutgoingMessage) Key() string { return key(&e.Head, string(e.Message.ID)) }

// Key is made of type, account and time.
func (e *AccountCreated) Key() string { return accountKey(&e.Head, e.AccountID) }

// Key is made of type, account and time.
func (e *AccountUpdated) Key() string { return accountKey(&e.Head, e.AccountID) }

// Key is made of type, account and time.
func (e *AccountPurged) Key() string { return accountKey(&e.Head, e.AccountID) }

func accountKey(h *Header, id channels.AccountID) string {
	when := strconv.FormatInt(h.Time.UnixMilli(), 10)
	if h.Time.IsZero() {
		when = digest(h.Raw)
	}
	return key(h, string(id), when)
}

// Key is made of all ids and the time: HubSpot does not promise that eventId alone is unique.
func (e *AppEvent) Key() string {
	return key(&e.Head, strconv.FormatInt(e.AppID, 10), strconv.FormatInt(e.SubscriptionID, 10), e.ObjectID,
		e.PropertyName, string(e.MessageID), e.Head.EventID, strconv.FormatInt(e.Head.Time.UnixMilli(), 10))
}

// Key is made of the content, for want of an id.
func (e *Unknown) Key() string { return key(&e.Head, digest(e.Head.Raw)) }

func digest(raw []byte) string {
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:])
}

// key joins the parts unmistakably. A slash within one of them, which no id of HubSpot has, is escaped.
func key(h *Header, parts ...string) string {
	b := strconv.AppendInt(make([]byte, 0, 128), h.PortalID, 10)
	b = appendPart(b, string(h.ChannelID))
	b = appendPart(b, h.Type)
	for _, part := range parts {
		b = appendPart(b, part)
	}
	return string(b)
}

func appendPart(b []byte, part string) []byte {
	b = append(b, '/')
	if strings.ContainsAny(part, "/%") {
		part = strings.NewReplacer("%", "%25", "/", "%2F").Replace(part)
	}
	return append(b, part...)
}
