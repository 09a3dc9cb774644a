package main

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/go-telegram/bot/models"

	"github.com/customchannels/customchannels-go/channels/bridge"
)

// Whatever an agent writes, buttons are within Telegram's limits, and no word is lost.
func FuzzCutButtons(f *testing.F) {
	f.Add("Which?\n[Red] [Blue]\n\n[None]")
	f.Add("[only]")
	f.Add("<b>x\n[y]</b>\n[]")
	f.Add("x\n[" + strings.Repeat("ü", 80) + "]")
	f.Fuzz(func(t *testing.T, text string) {
		rest, rows := cutButtons(text)
		if rows == nil {
			if rest != text {
				t.Errorf("without buttons %q became %q", text, rest)
			}
			return
		}
		for _, row := range rows {
			for _, b := range row {
				if b.Text == "" || b.CallbackData == "" || len(b.CallbackData) > maxData || utf8.ValidString(b.Text) && !utf8.ValidString(b.CallbackData) {
					t.Errorf("button %+v", b)
				}
			}
		}
		if !strings.HasPrefix(strings.TrimSpace(text), rest) || strings.TrimSpace(rest) == "" {
			t.Errorf("%q became %q", text, rest)
		}
	})
}

// Entities may say anything.
func FuzzRichText(f *testing.F) {
	f.Add("👋 hello", 0, 2, 1, 5)
	f.Add("a\nb", -1, 99, 5, -5)
	f.Fuzz(func(t *testing.T, text string, offset1, length1, offset2, length2 int) {
		richText(text, []models.MessageEntity{
			{Type: models.MessageEntityTypeBold, Offset: offset1, Length: length1},
			{Type: models.MessageEntityTypeTextLink, Offset: offset2, Length: length2, URL: "https://x.test"},
		})
	})
}

// A picture that is not sent as a file stays a link.
func TestPictureFromElsewhere(t *testing.T) {
	m := &bridge.Outgoing{
		RichText: `<p>Look: <img src="https://x.test/cat.png" alt="cat"> <img src="https://x.test/sent.png" alt="sent"></p>`,
		Media:    []*bridge.OutgoingMedia{{InlineURL: "https://x.test/sent.png"}},
	}
	if got, want := strings.TrimSpace(telegramHTML(m)), `Look: <a href="https://x.test/cat.png">cat</a>`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
