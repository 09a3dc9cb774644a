package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path"
	"strings"

	"github.com/go-telegram/bot"

	"github.com/customchannels/customchannels-go/channels/bridge"
)

// Open implements [bridge.MediaOpener]. The ref is a file id. Telegram's links to files last for an hour, so each time there
// is a new one.
func (t *telegram) Open(ctx context.Context, account *bridge.Account, ref string) (*bridge.OpenedMedia, error) {
	api, err := t.api(account.Credentials)
	if err != nil {
		return nil, err
	}
	f, err := api.GetFile(ctx, &bot.GetFileParams{FileID: ref})
	switch {
	case errors.Is(err, bot.ErrorBadRequest) && strings.Contains(err.Error(), "too big"):
		return nil, bridge.Reject("Telegram gives bots no files of more than 20 MB", err)
	case errors.Is(err, bot.ErrorBadRequest):
		return nil, bridge.Reject("Telegram does not have it any more", err)
	case err != nil:
		return nil, explained(err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, api.FileDownloadLink(f), nil)
	if err != nil {
		return nil, withoutURL(err)
	}
	resp, err := t.client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("download: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		_ = resp.Body.Close()
		return nil, fmt.Errorf("download: Telegram answered %s", resp.Status)
	}
	return &bridge.OpenedMedia{Body: resp.Body, Name: path.Base(f.FilePath), Size: f.FileSize}, nil
}
