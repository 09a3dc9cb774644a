package hubspottest

import (
	"context"
	"net/http"
	"strconv"
)

// ReplayWebhook sends a webhook of the journal once more: the body that was
// sent then to the URL that the app has now, freshly signed. It waits for the
// app's answer, makes no further attempt, and plays no fault. The result is the
// journal's new entry, whose Status and Error say what the app answered.
//
// An error means that nothing was sent: the journal has no such webhook any
// more, its body was cut short there, or the app has no webhook URL.
func (s *Server) ReplayWebhook(ctx context.Context, entryID int64) (*Entry, error) {
	e, sent, known := s.journal.webhook(entryID)
	if !known {
		return nil, notFound("webhook in the journal", strconv.FormatInt(entryID, 10))
	}
	if sent.body == "" {
		return nil, conflict("The journal keeps only the first %d bytes of this webhook", maxJournalBody)
	}
	if target, _ := s.webhookTarget(sent.channelID); target == "" {
		return nil, conflict("The app has no webhook URL now to send it to")
	}
	now := s.now()
	d := &delivery{PortalID: e.PortalID, ChannelID: sent.channelID, Body: sent.body, SignedAt: now}
	again := Entry{Time: now, Operation: e.Operation, Method: e.Method, PortalID: e.PortalID, Request: e.Request}
	if err := s.post(ctx, &Fault{}, d, &again); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		again.Error = err.Error()
	}
	again.DurationMS = s.now().Sub(now).Milliseconds()
	again.ID = s.journal.addWebhook(again, d)
	return &again, nil
}

func (c *pageCall) replayWebhook() (*pageAnswer, error) {
	text := c.r.PathValue("id")
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return nil, notFound("webhook in the journal", text)
	}
	e, err := c.ReplayWebhook(c.r.Context(), id)
	if err != nil {
		return nil, err
	}
	return &pageAnswer{http.StatusCreated, e}, nil
}
