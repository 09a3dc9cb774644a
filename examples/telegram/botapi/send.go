package botapi

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"

	"github.com/go-telegram/bot/models"
)

const (
	maxText    = 4096 // UTF-16 units
	maxCaption = 1024
	maxData    = 64       // bytes of a button's callback_data
	maxPhoto   = 10 << 20 // bytes
)

// send delivers what a bot sends: a "message", "photo", "document", …
func (s *Server) send(b *botState, kind string, p *params) (*models.Message, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	chat := b.chats[p.number("chat_id")]
	switch {
	case chat == nil:
		return nil, badRequest("chat not found")
	case chat.blocked:
		return nil, &apiError{code: http.StatusForbidden, text: "Forbidden: bot was blocked by the user"}
	}
	m := &models.Message{From: &b.user}
	seen := Message{FromBot: true}
	if err := s.fill(m, &seen, kind, p); err != nil {
		return nil, err
	}
	var reply models.ReplyParameters
	var keyboard models.InlineKeyboardMarkup
	if err := cmp.Or(p.decode("reply_parameters", &reply), p.decode("reply_markup", &keyboard), checkButtons(&keyboard)); err != nil {
		return nil, err
	}
	if reply.MessageID != 0 {
		if m.ReplyToMessage = chat.find(reply.MessageID); m.ReplyToMessage == nil && !reply.AllowSendingWithoutReply {
			return nil, badRequest("message to be replied not found")
		}
	}
	if len(keyboard.InlineKeyboard) > 0 {
		m.ReplyMarkup = &keyboard
	}
	chat.add(m, &seen)
	s.wake()
	return m, nil
}

// fill puts the content into a message.
func (s *Server) fill(m *models.Message, seen *Message, kind string, p *params) error {
	text, limit, problem := "text", maxText, "message is too long"
	if kind != "message" {
		text, limit, problem = "caption", maxCaption, "message caption is too long"
	}
	seen.HTML = p.text(text)
	seen.Text = seen.HTML
	if p.text("parse_mode") == string(models.ParseModeHTML) {
		var err error
		if seen.Text, err = plain(seen.HTML); err != nil {
			return err
		}
	}
	switch {
	case length(seen.Text) > limit:
		return badRequest("%s", problem)
	case kind == "message" && seen.Text == "":
		return badRequest("message text is empty")
	case kind == "message":
		m.Text = seen.Text
		return nil
	case kind == "location":
		return fillLocation(m, p)
	case kind == "contact":
		m.Contact = &models.Contact{PhoneNumber: p.text("phone_number"), FirstName: p.text("first_name"), LastName: p.text("last_name")}
		return nil
	}
	m.Caption = seen.Text
	return s.fillFile(m, seen, kind, p)
}

func fillLocation(m *models.Message, p *params) error {
	latitude, err := strconv.ParseFloat(p.text("latitude"), 64)
	if err != nil {
		return badRequest("latitude is empty")
	}
	longitude, err := strconv.ParseFloat(p.text("longitude"), 64)
	if err != nil {
		return badRequest("longitude is empty")
	}
	m.Location = &models.Location{Latitude: latitude, Longitude: longitude}
	return nil
}

func (s *Server) fillFile(m *models.Message, seen *Message, kind string, p *params) error {
	if !slices.Contains([]string{"photo", "document", "voice", "audio", "video", "animation", "sticker"}, kind) {
		return &apiError{code: http.StatusNotFound, text: "Not Found: method not found"}
	}
	f, err := s.upload(p, kind)
	if err != nil {
		return err
	}
	if kind == "photo" && len(f.content) > maxPhoto {
		return badRequest("file is too big for a photo")
	}
	seen.Kind, seen.FileName, seen.Content = kind, f.name, f.content
	size := int64(len(f.content))
	switch kind {
	case "photo":
		m.Photo = []models.PhotoSize{{FileID: f.id, FileUniqueID: "u" + f.id, FileSize: int(size)}}
	case "document":
		m.Document = &models.Document{FileID: f.id, FileName: f.name, FileSize: size}
	case "voice":
		m.Voice = &models.Voice{FileID: f.id, FileSize: size}
	case "audio":
		m.Audio = &models.Audio{FileID: f.id, FileName: f.name, FileSize: size}
	case "video":
		m.Video = &models.Video{FileID: f.id, FileName: f.name, FileSize: size}
	case "animation":
		m.Animation = &models.Animation{FileID: f.id, FileName: f.name, FileSize: size}
	case "sticker":
		m.Sticker = &models.Sticker{FileID: f.id, FileSize: int(size)}
	}
	return nil
}

// checkButtons refuses what Telegram refuses of a keyboard.
func checkButtons(k *models.InlineKeyboardMarkup) error {
	for _, row := range k.InlineKeyboard {
		for _, b := range row {
			switch {
			case b.Text == "":
				return badRequest("BUTTON_TEXT_INVALID")
			case b.URL == "" && b.CallbackData == "", len(b.CallbackData) > maxData:
				return badRequest("BUTTON_DATA_INVALID")
			}
		}
	}
	return nil
}
