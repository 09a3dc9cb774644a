package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/go-telegram/bot"
	"github.com/go-telegram/bot/models"

	"github.com/customchannels/customchannels-go/channels/bridge"
)

// pollFor is how long Telegram may wait for news before it answers that there are none.
const pollFor = 50 * time.Second

// Listen implements [bridge.Listener]. Asking for what comes after an update makes Telegram forget the update, so that is
// done only when the bridge has stored it. What is not confirmed comes again, for up to 24 hours, and the bridge
// recognises what it knows.
func (t *telegram) Listen(ctx context.Context, account *bridge.Account, in bridge.Inbox) error {
	for offset := int64(0); ; {
		updates, err := t.getUpdates(ctx, account.Credentials, offset)
		if err != nil {
			return explained(err)
		}
		for _, u := range updates {
			if err := t.take(ctx, account, in, u); err != nil {
				return err
			}
			offset = u.ID + 1
		}
	}
}

// take hands an update to the bridge. An error means that it was not stored.
func (t *telegram) take(ctx context.Context, account *bridge.Account, in bridge.Inbox, u *models.Update) error {
	m := incoming(u)
	if m == nil {
		t.log.Debug("update passed over", "account", account, "update", u.ID)
		return nil
	}
	err := in.Receive(ctx, m)
	if bridge.Permanent(err) {
		t.log.Warn("message of Telegram dropped", "account", account, "update", u.ID, "error", err) // it would never be taken
		err = nil
	}
	if err == nil && u.CallbackQuery != nil {
		t.answerTap(ctx, account, u.CallbackQuery.ID, m.Text)
	}
	return err
}

// answerTap ends the progress bar on a button. That is for show only, so that nothing waits for its success.
func (t *telegram) answerTap(ctx context.Context, account *bridge.Account, id, text string) {
	api, err := t.api(account.Credentials)
	if err == nil {
		ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		_, err = api.AnswerCallbackQuery(ctx, &bot.AnswerCallbackQueryParams{CallbackQueryID: id, Text: text})
	}
	if err != nil {
		t.log.Debug("tap not answered", "account", account, "error", err)
	}
}

// getUpdates asks for the updates from an offset on, and waits for some. The library has a loop of its own for that, which
// confirms updates before their handlers have ended.
func (t *telegram) getUpdates(ctx context.Context, token []byte, offset int64) ([]*models.Update, error) {
	ctx, cancel := context.WithTimeout(ctx, pollFor+10*time.Second)
	defer cancel()
	params := url.Values{
		"offset":          {strconv.FormatInt(offset, 10)},
		"timeout":         {strconv.Itoa(int(pollFor.Seconds()))},
		"allowed_updates": {`["message","edited_message","callback_query"]`},
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, t.url+"/bot"+string(token)+"/getUpdates", strings.NewReader(params.Encode()))
	if err != nil {
		return nil, withoutURL(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := t.client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("getUpdates: %w", err)
	}
	defer resp.Body.Close()
	var answer struct {
		OK          bool
		Result      []json.RawMessage
		ErrorCode   int `json:"error_code"`
		Description string
		Parameters  struct {
			RetryAfter int `json:"retry_after"`
		}
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return nil, fmt.Errorf("getUpdates: Telegram answered %s: %w", resp.Status, err)
	}
	if !answer.OK {
		return nil, refusal(answer.ErrorCode, answer.Description, answer.Parameters.RetryAfter)
	}
	return t.decode(answer.Result), nil
}

// decode reads updates one by one: one that cannot be read must not stop those behind it for ever.
func (t *telegram) decode(raw []json.RawMessage) []*models.Update {
	var updates []*models.Update
	for _, data := range raw {
		u := new(models.Update)
		if err := json.Unmarshal(data, u); err != nil {
			var id struct {
				ID int64 `json:"update_id"`
			}
			_ = json.Unmarshal(data, &id) // what has no id cannot be confirmed either
			t.log.Error("an update of Telegram cannot be read and is passed over", "update", id.ID, "error", err)
			u = &models.Update{ID: id.ID}
		}
		updates = append(updates, u)
	}
	return updates
}

// refusal makes the errors that the library makes of other calls.
func refusal(code int, description string, retryAfter int) error {
	switch code {
	case http.StatusUnauthorized:
		return fmt.Errorf("getUpdates: %w, %s", bot.ErrorUnauthorized, description)
	case http.StatusNotFound:
		return fmt.Errorf("getUpdates: %w, %s", bot.ErrorNotFound, description)
	case http.StatusTooManyRequests:
		return &bot.TooManyRequestsError{Message: "getUpdates: " + description, RetryAfter: retryAfter}
	}
	return fmt.Errorf("getUpdates: Telegram answered %d %s", code, description)
}
