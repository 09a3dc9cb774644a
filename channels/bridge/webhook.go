package bridge

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/webhook"
)

const maxWebhook = 1 << 20 // bytes

// serveWebhook stores what HubSpot sends and answers 2xx only when it is stored: until then HubSpot sends it again.
func (b *Bridge) serveWebhook(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxWebhook))
	if err != nil {
		http.Error(w, "the body cannot be read, or is over 1 MiB", http.StatusBadRequest)
		return
	}
	if err := b.verifier.Verify(r, body); err != nil {
		b.log.Warn("webhook refused", "error", err)
		http.Error(w, "the signature does not verify", http.StatusUnauthorized)
		return
	}
	channel, err := b.channelID(r.Context())
	if err != nil {
		unavailable(w)
		return
	}
	items, status := b.eventItems(channel, body)
	if status != http.StatusOK {
		http.Error(w, "this channel is not served here", status)
		return
	}
	if len(items) > 0 {
		how, err := b.store.Accept(r.Context(), items...)
		if err != nil {
			b.log.Error("webhook not stored; HubSpot will send it again", "error", err)
			unavailable(w)
			return
		}
		b.cfg.Trace.accepted(items, how)
		b.poke()
	}
	w.WriteHeader(http.StatusOK)
}

func unavailable(w http.ResponseWriter) {
	w.Header().Set("Retry-After", "5")
	http.Error(w, "try again later", http.StatusServiceUnavailable)
}

// eventItems turns a signed webhook into work. What cannot be understood is kept, buried: it was for us.
func (b *Bridge) eventItems(channel channels.ID, body []byte) ([]*NewItem, int) {
	now := b.now()
	events, err := webhook.Parse(body)
	if err != nil {
		b.log.Error("a signed webhook cannot be understood; it is kept as buried", "error", err)
		return []*NewItem{{
			Key: "unread/" + string(body), Kind: KindUnread, Channel: channel, Lane: "unread", Payload: body, At: now,
			Buried: "not understood: " + err.Error(),
		}}, http.StatusOK
	}
	var items []*NewItem
	foreign := false
	for _, event := range events {
		h := event.Header()
		if h.ChannelID != channel {
			if _, other := event.(*webhook.AppEvent); other {
				continue // the app's general webhooks may share the URL
			}
			b.noteForeign(h.ChannelID, channel)
			foreign = true
			continue
		}
		if it := b.eventItem(event, now); it != nil {
			it.Channel, it.Portal, it.At = channel, h.PortalID, now
			items = append(items, it)
		}
		if e, ok := event.(*webhook.OutgoingMessage); ok && len(body) <= maxParsed && b.running.Load() {
			b.parsed.keep(e) // last, for it may be another's at once
		}
	}
	if foreign && len(items) == 0 {
		return nil, http.StatusNotFound
	}
	return items, http.StatusOK
}

func (b *Bridge) eventItem(event webhook.Event, now time.Time) *NewItem {
	h := event.Header()
	switch e := event.(type) {
	case *webhook.OutgoingMessage:
		m := &e.Message
		return &NewItem{
			Key:      "outgoing/" + string(m.ID),
			Kind:     KindOutgoing,
			Lane:     fmt.Sprintf("outgoing/%s/%s", m.AccountID, m.ThreadID),
			Order:    m.CreatedAt.UnixMicro(),
			Payload:  h.Raw,
			Content:  []byte(m.ID), // HubSpot may change details between repetitions; the id is what counts
			Deadline: now.Add(b.cfg.DeliverFor),
		}
	case *webhook.AccountCreated:
		return b.accountItem(e.AccountID, h, now)
	case *webhook.AccountUpdated:
		return b.accountItem(e.AccountID, h, now)
	case *webhook.AccountPurged:
		return b.accountItem(e.AccountID, h, now)
	}
	b.log.Debug("webhook of an unknown type ignored", "type", h.Type)
	return nil
}

// accountItem has an account read anew. What happened is not in the event: events come late, twice and out of order.
func (b *Bridge) accountItem(id channels.AccountID, h *webhook.Header, now time.Time) *NewItem {
	return &NewItem{
		Key:      fmt.Sprintf("account/%s/%s/%d", id, h.Type, h.Time.UnixMicro()),
		Kind:     KindAccount,
		Lane:     "account/" + strconv.FormatInt(h.PortalID, 10),
		Payload:  marshal(accountWork{Account: id, Purged: h.Type == webhook.TypeAccountPurged}),
		Deadline: now.Add(b.cfg.HoldFor),
	}
}

func (b *Bridge) noteForeign(id, own channels.ID) {
	b.mu.Lock()
	known := b.foreign[id]
	if !known && len(b.foreign) < 1000 {
		b.foreign[id] = true
	}
	b.mu.Unlock()
	if !known {
		b.log.Error("webhooks of another channel arrive here; archive that channel or correct its webhook URL", "channel", id, "own", own)
	}
}
