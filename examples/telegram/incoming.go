package main

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/go-telegram/bot/models"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/messages"
)

// incoming is what agents get to see of an update, nil for one that is not for them: what happens in groups and channels,
// and what nobody wrote, such as that a message was pinned.
func incoming(u *models.Update) *bridge.Incoming {
	switch {
	case u.Message != nil && private(u.Message):
		return written(u.Message)
	case u.EditedMessage != nil && private(u.EditedMessage):
		return edited(u.EditedMessage)
	case u.CallbackQuery != nil && u.CallbackQuery.Message.Message != nil && private(u.CallbackQuery.Message.Message):
		return tapped(u.CallbackQuery)
	}
	return nil
}

// private tells whether a message is of a customer's chat with the bot, where the chat's id is the customer's.
func private(m *models.Message) bool { return m.Chat.Type == models.ChatTypePrivate }

func written(m *models.Message) *bridge.Incoming {
	in := &bridge.Incoming{
		ID: messageID(m.Chat.ID, m.ID), From: channels.Opaque(chatID(m.Chat.ID)), FromName: name(m.Chat.FirstName, m.Chat.LastName),
		Time: time.Unix(int64(m.Date), 0),
	}
	in.Text, in.RichText = m.Text, richText(m.Text, m.Entities)
	if m.Caption != "" {
		in.Text, in.RichText = m.Caption, richText(m.Caption, m.CaptionEntities)
	}
	if in.Text == "" {
		in.Text = inWords(m)
	}
	if f := attached(m); f != nil {
		in.Media = []bridge.Media{*f}
	}
	if in.Text == "" && in.Media == nil {
		return nil
	}
	if m.ReplyToMessage != nil {
		in.InReplyTo = messageID(m.Chat.ID, m.ReplyToMessage.ID)
	}
	return in
}

// edited makes a message of its own of a change, since HubSpot keeps what it was told first.
func edited(m *models.Message) *bridge.Incoming {
	if m.Location != nil {
		return nil // it moves every few seconds
	}
	in := written(m)
	if in == nil {
		return nil
	}
	in.InReplyTo, in.ID = in.ID, fmt.Sprintf("%s/edited/%d", in.ID, m.EditDate)
	in.Text, in.RichText = strings.TrimSpace("(edited) "+in.Text), ""
	in.Time = time.Unix(int64(m.EditDate), 0)
	return in
}

// tapped makes an answer of a tap on a button, as if the customer had written what is on it.
func tapped(q *models.CallbackQuery) *bridge.Incoming {
	m := q.Message.Message
	return &bridge.Incoming{
		ID: chatID(m.Chat.ID) + "/tap/" + q.ID, From: channels.Opaque(chatID(m.Chat.ID)), FromName: name(m.Chat.FirstName, m.Chat.LastName),
		Text: chosen(m, q.Data), InReplyTo: messageID(m.Chat.ID, m.ID),
	}
}

// attached is the file of a message, or nil. The file's id stays valid, unlike links to it: see [telegram.Open].
func attached(m *models.Message) *bridge.Media {
	switch {
	case len(m.Photo) > 0:
		largest := m.Photo[len(m.Photo)-1] // they are sorted
		return &bridge.Media{Ref: largest.FileID, Name: "photo.jpg", Type: "image/jpeg", Usage: messages.UsageImage}
	case m.Voice != nil:
		return &bridge.Media{Ref: m.Voice.FileID, Name: "voice.ogg", Type: cmp.Or(m.Voice.MimeType, "audio/ogg"), Usage: messages.UsageVoiceRecording}
	case m.Audio != nil:
		return &bridge.Media{Ref: m.Audio.FileID, Name: cmp.Or(m.Audio.FileName, "audio.mp3"), Type: m.Audio.MimeType, Usage: messages.UsageAudio}
	case m.Video != nil:
		return &bridge.Media{Ref: m.Video.FileID, Name: cmp.Or(m.Video.FileName, "video.mp4"), Type: m.Video.MimeType}
	case m.VideoNote != nil:
		return &bridge.Media{Ref: m.VideoNote.FileID, Name: "video.mp4", Type: "video/mp4"}
	case m.Animation != nil: // it comes with a document of the same
		return &bridge.Media{Ref: m.Animation.FileID, Name: cmp.Or(m.Animation.FileName, "animation.mp4"), Type: m.Animation.MimeType}
	case m.Document != nil:
		return &bridge.Media{Ref: m.Document.FileID, Name: m.Document.FileName, Type: m.Document.MimeType}
	case m.Sticker != nil:
		return sticker(m.Sticker)
	}
	return nil
}

// sticker is a sticker as a picture. Of an animated one, whose format only Telegram shows, it is the still picture.
func sticker(s *models.Sticker) *bridge.Media {
	switch {
	case s.IsVideo:
		return &bridge.Media{Ref: s.FileID, Name: "sticker.webm", Type: "video/webm", Usage: messages.UsageSticker}
	case !s.IsAnimated:
		return &bridge.Media{Ref: s.FileID, Name: "sticker.webp", Type: "image/webp", Usage: messages.UsageSticker}
	case s.Thumbnail != nil:
		return &bridge.Media{Ref: s.Thumbnail.FileID, Usage: messages.UsageSticker}
	}
	return nil
}

// inWords is the text for what HubSpot has no other place for, empty where a file says it all.
func inWords(m *models.Message) string {
	switch {
	case m.Venue != nil: // it comes with a location
		return m.Venue.Title + ", " + m.Venue.Address + "\n" + onMap(&m.Venue.Location)
	case m.Location != nil:
		return "Location: " + onMap(m.Location)
	case m.Contact != nil:
		return "Contact: " + name(m.Contact.FirstName, m.Contact.LastName) + ", " + m.Contact.PhoneNumber
	case m.Sticker != nil:
		return cmp.Or(m.Sticker.Emoji, "(sticker)")
	case m.Dice != nil:
		return fmt.Sprintf("%s %d", m.Dice.Emoji, m.Dice.Value)
	case m.Poll != nil, m.Game != nil, m.Story != nil, m.Checklist != nil, m.PaidMedia != nil, m.Invoice != nil:
		return "(Something that only Telegram can show: a poll, a story or the like.)"
	}
	return ""
}

func onMap(l *models.Location) string {
	return fmt.Sprintf("https://www.openstreetmap.org/?mlat=%[1]v&mlon=%[2]v#map=16/%[1]v/%[2]v", l.Latitude, l.Longitude)
}

func name(first, last string) string { return strings.TrimSpace(first + " " + last) }

func chatID(id int64) string { return strconv.FormatInt(id, 10) }

// messageID makes an id that is unique within the account of one that is unique within its chat.
func messageID(chat int64, message int) string { return chatID(chat) + "/" + strconv.Itoa(message) }

// numberOf is the number of a message of a chat, or 0 for an id that is of no message there.
func numberOf(chat int64, id string) int {
	number, ok := strings.CutPrefix(id, chatID(chat)+"/")
	if !ok {
		return 0
	}
	number, _, _ = strings.Cut(number, "/") // an edited one
	n, _ := strconv.Atoi(number)
	return n
}
