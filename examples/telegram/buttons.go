package main

import (
	"cmp"
	"html"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/go-telegram/bot/models"

	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/messages"
)

// keyboard takes the buttons of a message out of its text and adds its quick replies, which bots of HubSpot send. It is nil
// if there are none.
func keyboard(m *bridge.Outgoing, text string) (rest string, buttons models.ReplyMarkup) {
	rest, rows := cutButtons(text)
	if m.QuickReplies != nil {
		for _, r := range m.QuickReplies.Replies {
			rows = append(rows, []models.InlineKeyboardButton{replyButton(r)})
		}
	}
	if rows == nil {
		return rest, nil
	}
	return rest, &models.InlineKeyboardMarkup{InlineKeyboard: rows}
}

func replyButton(r messages.QuickReply) models.InlineKeyboardButton {
	label := cmp.Or(r.Label, r.Value)
	if u, err := url.Parse(r.Value); err == nil && r.Type == messages.QuickReplyURL && (u.Scheme == "https" || u.Scheme == "http") {
		return models.InlineKeyboardButton{Text: label, URL: r.Value}
	}
	return textButton(label, r.Value)
}

// maxData is how many bytes a button can send back.
const maxData = 64

var (
	buttonRow = regexp.MustCompile(`^(?:\[[^\[\]<>]+\]\s*)+$`)
	button    = regexp.MustCompile(`\[([^\[\]<>]+)\]`)
)

// cutButtons makes buttons of the lines at the end of an agent's text that consist of [words] [in brackets], a row of each.
// There have to be other words too, since buttons need a message to stand under.
func cutButtons(text string) (rest string, rows [][]models.InlineKeyboardButton) {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	for len(lines) > 0 {
		last := strings.TrimSpace(lines[len(lines)-1])
		row := rowOf(last)
		if row == nil && last != "" {
			break
		}
		if row != nil {
			rows = slices.Insert(rows, 0, row)
		}
		lines = lines[:len(lines)-1]
	}
	if rows == nil || len(lines) == 0 {
		return text, nil
	}
	return strings.Join(lines, "\n"), rows
}

// rowOf is a line as a row of buttons, nil if it is none.
func rowOf(line string) []models.InlineKeyboardButton {
	if !buttonRow.MatchString(line) {
		return nil
	}
	var row []models.InlineKeyboardButton
	for _, b := range button.FindAllStringSubmatch(line, -1) {
		label := strings.TrimSpace(html.UnescapeString(b[1]))
		if label == "" {
			return nil
		}
		row = append(row, textButton(label, label))
	}
	return row
}

// textButton is a button that sends a value back, or what is on it where the value is too long.
func textButton(label, value string) models.InlineKeyboardButton {
	if len(value) > maxData {
		value = label
	}
	for len(value) > maxData {
		_, size := utf8.DecodeLastRuneInString(value)
		value = value[:len(value)-size]
	}
	return models.InlineKeyboardButton{Text: label, CallbackData: value}
}

// chosen is what a customer has chosen by a button that has sent data: that, or what is on the button if that was cut.
func chosen(m *models.Message, data string) string {
	if m.ReplyMarkup == nil || len(data) <= maxData-utf8.UTFMax {
		return data
	}
	for _, row := range m.ReplyMarkup.InlineKeyboard {
		for _, b := range row {
			if b.CallbackData == data && strings.HasPrefix(b.Text, data) {
				return b.Text
			}
		}
	}
	return data
}
