package botapi

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/go-telegram/bot/models"
)

// getUpdates confirms what is below the offset and returns what is not confirmed, after a wait if that is nothing.
func (s *Server) getUpdates(ctx context.Context, token string, b *botState, p *params) ([]*models.Update, error) {
	s.mu.Lock()
	b.polls++
	poll := b.polls
	s.wake() // the poll that this one takes over from
	s.mu.Unlock()
	timeout := time.NewTimer(time.Duration(p.number("timeout")) * time.Second)
	defer timeout.Stop()
	for over := false; ; {
		updates, news, err := s.pending(token, b, poll, p)
		if err != nil || len(updates) > 0 || over {
			return updates, err
		}
		select {
		case <-news:
		case <-timeout.C:
			over = true
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (s *Server) pending(token string, b *botState, poll int, p *params) ([]*models.Update, <-chan struct{}, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.bots[token] != b:
		return nil, nil, &apiError{code: http.StatusUnauthorized, text: "Unauthorized"}
	case b.webhook != "":
		return nil, nil, &apiError{code: http.StatusConflict,
			text: "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"}
	case poll != b.polls:
		return nil, nil, &apiError{code: http.StatusConflict,
			text: "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"}
	}
	offset := p.number("offset")
	b.updates = slices.DeleteFunc(b.updates, func(u *models.Update) bool { return u.ID < offset })
	limit := int(p.number("limit"))
	if limit < 1 || limit > 100 {
		limit = 100
	}
	updates := slices.Clone(b.updates[:min(limit, len(b.updates))])
	if updates == nil {
		updates = []*models.Update{} // [] rather than null
	}
	return updates, s.news, nil
}

// put queues an update for a bot.
func (s *Server) put(b *botState, u *models.Update) {
	u.ID = b.nextID
	b.nextID++
	b.updates = append(b.updates, u)
	s.wake()
}

func (s *Server) setWebhook(b *botState, url string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	b.webhook = url
	s.wake()
	return nil
}

func (s *Server) webhookInfo(b *botState) *models.WebhookInfo {
	s.mu.Lock()
	defer s.mu.Unlock()
	return &models.WebhookInfo{URL: b.webhook, PendingUpdateCount: len(b.updates)}
}

func (s *Server) answerTap(b *botState, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !b.taps[id] {
		return badRequest("query is too old and response timeout expired or query ID is invalid")
	}
	delete(b.taps, id)
	s.wake()
	return nil
}
