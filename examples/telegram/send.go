package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"path"
	"strconv"
	"strings"

	"github.com/go-telegram/bot"
	"github.com/go-telegram/bot/models"

	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/messages"
	"github.com/customchannels/customchannels-go/messages/richtext"
)

const (
	maxText    = 4096 // UTF-16 units of a message's text
	maxCaption = 1024 // of a file's
	maxPhoto   = 10_000_000
)

// part is one of the messages in Telegram that an agent's message becomes.
type part struct {
	name    string                // tells it from the others; an agent may read it
	html    string                // the text, or the file's caption
	file    *bridge.OutgoingMedia // nil for a text
	buttons models.ReplyMarkup    // nil without
	reply   *models.ReplyParameters
}

// Send implements [bridge.Channel]. Telegram does not recognise a message that it has got before: where the process dies between
// Telegram's answer and the note of it, that part, and no other, is sent once more.
func (t *telegram) Send(ctx context.Context, m *bridge.Outgoing) (*bridge.Receipt, error) {
	chat, err := strconv.ParseInt(m.To.Value, 10, 64)
	if err != nil {
		return nil, bridge.Reject("This is not an address of Telegram.", err)
	}
	api, err := t.api(m.Account.Credentials)
	if err != nil {
		return nil, err
	}
	all := parts(m, chat)
	if len(all) == 0 {
		return nil, bridge.Reject("The message is empty.", nil)
	}
	var todo []*part
	for _, p := range all {
		if _, ok := m.WasDelivered(p.name); !ok {
			todo = append(todo, p)
		}
	}
	for _, p := range todo {
		id, err := p.send(ctx, api, chat)
		if err != nil {
			return nil, explained(err)
		}
		if err := m.Delivered(p.name, messageID(chat, id)); err != nil {
			t.log.Warn("part of a message not noted", "account", m.Account, "error", err)
		}
	}
	return nil, nil // the parts have told their ids
}

// parts says how a message goes out: a short text below its only file, otherwise the text first, in pieces if need be.
func parts(m *bridge.Outgoing, chat int64) []*part {
	html, buttons := keyboard(m, telegramHTML(m))
	var all []*part
	if len(m.Media) == 1 && kindOf(m.Media[0]) != "sticker" && len(richtext.SplitTelegram(html, maxCaption)) == 1 {
		all = []*part{{name: m.Media[0].Name, html: html, file: m.Media[0], buttons: buttons}}
	} else {
		texts := richtext.SplitTelegram(html, maxText)
		for i, text := range texts {
			all = append(all, &part{name: fmt.Sprintf("part %d of the text", i+1), html: text})
		}
		named := map[string]int{}
		for _, f := range m.Media {
			name := f.Name
			if named[name]++; named[f.Name] > 1 {
				name = fmt.Sprintf("%s (%d)", f.Name, named[f.Name])
			}
			all = append(all, &part{name: name, file: f})
		}
		if len(all) > 0 {
			all[max(len(texts)-1, 0)].buttons = buttons // below the text, if there is one
		}
	}
	if n := numberOf(chat, m.InReplyTo); n != 0 && len(all) > 0 {
		all[0].reply = &models.ReplyParameters{MessageID: n, AllowSendingWithoutReply: true} // the customer may have deleted it
	}
	return all
}

// send sends a part and returns the number that it got in the chat.
func (p *part) send(ctx context.Context, api *bot.Bot, chat int64) (int, error) {
	if p.file != nil {
		kind := kindOf(p.file)
		id, err := p.sendFile(ctx, api, chat, kind)
		if kind == "photo" && errors.Is(err, bot.ErrorBadRequest) { // such as one of 20,000 by 10 pixels
			id, err = p.sendFile(ctx, api, chat, "document")
		}
		return id, err
	}
	m, err := api.SendMessage(ctx, &bot.SendMessageParams{
		ChatID: chat, Text: p.html, ParseMode: models.ParseModeHTML, ReplyParameters: p.reply, ReplyMarkup: p.buttons,
	})
	if err != nil {
		return 0, err
	}
	return m.ID, nil
}

// kindOf is how Telegram shows a file best.
func kindOf(f *bridge.OutgoingMedia) string {
	kind, _, _ := strings.Cut(strings.ToLower(f.Type), ";")
	extension := strings.ToLower(path.Ext(f.Name))
	switch {
	case kind == "image/webp" && f.Usage == messages.UsageSticker:
		return "sticker"
	case (kind == "image/jpeg" || kind == "image/png" || kind == "image/webp") && f.Size <= maxPhoto:
		return "photo"
	case kind == "image/gif":
		return "animation"
	case kind == "audio/ogg" || extension == ".ogg" || extension == ".oga":
		return "voice"
	case kind == "audio/mpeg" || kind == "audio/mp4" || extension == ".mp3" || extension == ".m4a":
		return "audio"
	case kind == "video/mp4":
		return "video"
	}
	return "document"
}

func (p *part) sendFile(ctx context.Context, api *bot.Bot, chat int64, kind string) (int, error) {
	content, err := p.file.Open(ctx)
	if err != nil {
		return 0, err
	}
	defer content.Close()
	// The library wants a reader behind a pointer, which what Open returns need not be.
	file := &models.InputFileUpload{Filename: p.file.Name, Data: bufio.NewReader(content)}
	const mode = models.ParseModeHTML
	var m *models.Message
	switch kind {
	case "photo":
		m, err = api.SendPhoto(ctx, &bot.SendPhotoParams{ChatID: chat, Photo: file, Caption: p.html, ParseMode: mode, ReplyParameters: p.reply, ReplyMarkup: p.buttons})
	case "animation":
		m, err = api.SendAnimation(ctx, &bot.SendAnimationParams{ChatID: chat, Animation: file, Caption: p.html, ParseMode: mode, ReplyParameters: p.reply, ReplyMarkup: p.buttons})
	case "voice":
		m, err = api.SendVoice(ctx, &bot.SendVoiceParams{ChatID: chat, Voice: file, Caption: p.html, ParseMode: mode, ReplyParameters: p.reply, ReplyMarkup: p.buttons})
	case "audio":
		m, err = api.SendAudio(ctx, &bot.SendAudioParams{ChatID: chat, Audio: file, Caption: p.html, ParseMode: mode, ReplyParameters: p.reply, ReplyMarkup: p.buttons})
	case "video":
		m, err = api.SendVideo(ctx, &bot.SendVideoParams{ChatID: chat, Video: file, Caption: p.html, ParseMode: mode, ReplyParameters: p.reply, ReplyMarkup: p.buttons})
	case "sticker":
		m, err = api.SendSticker(ctx, &bot.SendStickerParams{ChatID: chat, Sticker: file, ReplyParameters: p.reply, ReplyMarkup: p.buttons})
	default:
		m, err = api.SendDocument(ctx, &bot.SendDocumentParams{ChatID: chat, Document: file, Caption: p.html, ParseMode: mode, ReplyParameters: p.reply, ReplyMarkup: p.buttons})
	}
	if err != nil {
		return 0, err
	}
	return m.ID, nil
}
