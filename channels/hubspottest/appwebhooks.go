package hubspottest

import (
	"strconv"
	"strings"
)

// appEvent is an event of HubSpot's webhooks for apps, which come in arrays.
// Its portalId is a number, unlike that of a channel's webhooks.
type appEvent struct {
	EventID        int64  `json:"eventId"`
	SubscriptionID int64  `json:"subscriptionId"`
	PortalID       int64  `json:"portalId"`
	AppID          int64  `json:"appId"`
	OccurredAt     int64  `json:"occurredAt"` // milliseconds
	Type           string `json:"subscriptionType"`
	Attempt        int    `json:"attemptNumber"`
	ObjectID       int64  `json:"objectId"` // the thread
	PropertyName   string `json:"propertyName,omitempty"`
	PropertyValue  string `json:"propertyValue,omitempty"`
	MessageID      string `json:"messageId,omitempty"`
	MessageType    string `json:"messageType,omitempty"`
	ChangeSource   string `json:"changeSource"`
}

func propertyEvent(name, value string) appEvent {
	return appEvent{Type: "conversation.propertyChange", PropertyName: name, PropertyValue: value}
}

func newMessageEvent(m *message) appEvent {
	return appEvent{Type: "conversation.newMessage", MessageID: m.ID, MessageType: m.kind()}
}

// subscriptions are the ids of the app's subscriptions.
var subscriptions = map[string]int64{
	"conversation.creation": 5100001, "conversation.deletion": 5100002,
	"conversation.propertyChange": 5100003, "conversation.newMessage": 5100004,
}

// SetAppWebhookURL says where the app takes HubSpot's webhooks for apps, which
// tell of conversations in arrays, signed v1 and v3. See Config.AppWebhookURL.
func (s *Server) SetAppWebhookURL(url string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.appWebhookURL = url
}

// tellApp notes an event of a thread for the app's own webhook.
func (tx *tx) tellApp(t *thread, e appEvent) {
	if tx.s.appWebhookURL == "" || tx.installs.get(portalKey(t.PortalID)) == nil {
		return
	}
	e.EventID = 4100000000 + tx.next()
	e.SubscriptionID, e.PortalID, e.AppID = subscriptions[e.Type], t.PortalID, tx.s.AppID()
	e.OccurredAt, e.ObjectID, e.ChangeSource = tx.now.UnixMilli(), t.number(), "CONVERSATIONS"
	tx.appEvents = append(tx.appEvents, e)
}

// sendAppEvents queues what one change has noted as one array: all of it is of
// one portal.
func (tx *tx) sendAppEvents() {
	if len(tx.appEvents) > 0 {
		tx.webhook(tx.appEvents[0].PortalID, "", "", tx.appEvents)
	}
}

const (
	channelWebhook = "webhook.delivery"
	appWebhook     = "webhook.app"
)

// operation is the delivery's name in the journal and for faults.
func (d *delivery) operation() string {
	if d.ChannelID == "" {
		return appWebhook
	}
	return channelWebhook
}

// body is what the next attempt sends. Events of the app count attempts.
func (d *delivery) body() string {
	if d.ChannelID != "" || d.Attempts == 0 {
		return d.Body
	}
	return strings.ReplaceAll(d.Body, `"attemptNumber":0,`, `"attemptNumber":`+strconv.Itoa(d.Attempts)+`,`)
}
