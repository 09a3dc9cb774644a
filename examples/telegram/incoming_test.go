package main

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-telegram/bot/models"
	"github.com/google/go-cmp/cmp"

	"github.com/customchannels/customchannels-go/channels/hubspottest"
	"github.com/customchannels/customchannels-go/examples/telegram/botapi"
)

// What customers send, and what agents see of it.
func TestIncoming(t *testing.T) {
	for name, test := range map[string]struct {
		message func(*botapi.Server) *models.Message
		want    string
	}{
		"text": {func(*botapi.Server) *models.Message { return &models.Message{Text: "Hi <there>"} }, "Ada Lovelace: Hi <there>"},
		"formatting": {func(*botapi.Server) *models.Message {
			return &models.Message{Text: "👋 very good shop\n& more", Entities: []models.MessageEntity{
				{Type: models.MessageEntityTypeBold, Offset: 3, Length: 9},
				{Type: models.MessageEntityTypeItalic, Offset: 8, Length: 4},
				{Type: models.MessageEntityTypeTextLink, Offset: 13, Length: 4, URL: "https://shop.test/?a=1&b=2"},
				{Type: models.MessageEntityTypeHashtag, Offset: 0, Length: 99},
			}}
		}, `Ada Lovelace: <p>👋 <strong>very <em>good</em></strong> <a href="https://shop.test/?a=1&amp;b=2">shop</a><br>&amp; more</p>`},
		"photo": {func(s *botapi.Server) *models.Message {
			small, large := s.AddFile("small.jpg", []byte("small")), s.AddFile("large.jpg", []byte("\xff\xd8large"))
			return &models.Message{Caption: "My cat", Photo: []models.PhotoSize{{FileID: small, Width: 90}, {FileID: large, Width: 800}}}
		}, "Ada Lovelace: My cat <IMAGE photo.jpg image/jpeg>"},
		"voice note": {func(s *botapi.Server) *models.Message {
			return &models.Message{Voice: &models.Voice{FileID: s.AddFile("v.oga", []byte("OggS")), MimeType: "audio/ogg"}}
		}, "Ada Lovelace:   <VOICE_RECORDING voice.ogg audio/ogg>"},
		"audio": {func(s *botapi.Server) *models.Message {
			return &models.Message{Audio: &models.Audio{FileID: s.AddFile("a.mp3", []byte("ID3")), FileName: "song.mp3", MimeType: "audio/mpeg"}}
		}, "Ada Lovelace:   <AUDIO song.mp3 audio/mpeg>"},
		"video": {func(s *botapi.Server) *models.Message {
			return &models.Message{Video: &models.Video{FileID: s.AddFile("v.mp4", []byte("mp4")), MimeType: "video/mp4"}}
		}, "Ada Lovelace:   <OTHER video.mp4 video/mp4>"},
		"document": {func(s *botapi.Server) *models.Message {
			return &models.Message{Document: &models.Document{FileID: s.AddFile("d.pdf", []byte("%PDF")), FileName: "order.pdf", MimeType: "application/pdf"}}
		}, "Ada Lovelace:   <OTHER order.pdf application/pdf>"},
		"sticker": {func(s *botapi.Server) *models.Message {
			return &models.Message{Sticker: &models.Sticker{FileID: s.AddFile("s.webp", []byte("RIFF")), Emoji: "🦊"}}
		}, "Ada Lovelace: 🦊 <STICKER sticker.webp image/webp>"},
		"animated sticker": {func(s *botapi.Server) *models.Message {
			thumb := s.AddFile("thumb.webp", []byte("RIFF"))
			return &models.Message{Sticker: &models.Sticker{FileID: "tgs", IsAnimated: true, Emoji: "🦊", Thumbnail: &models.PhotoSize{FileID: thumb}}}
		}, "Ada Lovelace: 🦊 <STICKER file.webp image/webp>"},
		"too large a file": {func(s *botapi.Server) *models.Message {
			big := s.AddFile("big.zip", make([]byte, 20<<20+1))
			return &models.Message{Caption: "All of it", Document: &models.Document{FileID: big, FileName: "big.zip"}}
		}, "Ada Lovelace: All of it\n[big.zip could not be passed on: Telegram gives bots no files of more than 20 MB.] <  >"},
		"location": {func(*botapi.Server) *models.Message {
			return &models.Message{Location: &models.Location{Latitude: 52.5, Longitude: 13.4}}
		}, "Ada Lovelace: Location: https://www.openstreetmap.org/?mlat=52.5&mlon=13.4#map=16/52.5/13.4"},
		"contact": {func(*botapi.Server) *models.Message {
			return &models.Message{Contact: &models.Contact{PhoneNumber: "+14155550123", FirstName: "Grace", LastName: "Hopper"}}
		}, "Ada Lovelace: Contact: Grace Hopper, +14155550123"},
		"poll": {func(*botapi.Server) *models.Message { return &models.Message{Poll: &models.Poll{}} },
			"Ada Lovelace: (Something that only Telegram can show: a poll, a story or the like.)"},
	} {
		t.Run(name, func(t *testing.T) {
			in(t, func(t *testing.T, w *world) {
				w.ada.Send(test.message(w.telegram))
				later(time.Second)
				if diff := cmp.Diff([]string{test.want}, w.inbox()); diff != "" {
					t.Errorf("the agent sees (-want +got):\n%s", diff)
				}
				if n := w.telegram.Pending(w.bot); n != 0 {
					t.Errorf("%d updates are not confirmed", n)
				}
			})
		})
	}
}

// What nobody wrote is passed over and stops nothing.
func TestPassedOver(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		w.ada.Send(&models.Message{PinnedMessage: &models.MaybeInaccessibleMessage{Message: &models.Message{ID: 1, Date: 1}}})
		w.ada.Write("Hi")
		later(time.Second)
		if diff := cmp.Diff([]string{"Ada Lovelace: Hi"}, w.inbox()); diff != "" {
			t.Errorf("the agent sees (-want +got):\n%s", diff)
		}
	})
}

func TestGroupsArePassedOver(t *testing.T) {
	for _, kind := range []models.ChatType{models.ChatTypeGroup, models.ChatTypeSupergroup, models.ChatTypeChannel} {
		m := &models.Message{ID: 1, Text: "Hi", Chat: models.Chat{ID: -5, Type: kind}}
		for _, u := range []*models.Update{
			{Message: m}, {EditedMessage: m}, {CallbackQuery: &models.CallbackQuery{ID: "1", Message: models.MaybeInaccessibleMessage{Message: m}}},
		} {
			if got := incoming(u); got != nil {
				t.Errorf("%s: %+v", kind, got)
			}
		}
	}
}

// Two chats have the same message ids; both messages arrive.
func TestMessageIDsOfTwoChats(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		grace := w.telegram.AddCustomer("Grace", "").Chat(w.bot)
		if w.ada.Write("Hi") != grace.Write("Hi") {
			t.Fatal("the ids differ")
		}
		later(time.Second)
		if got := len(w.hubspot.Threads()); got != 2 {
			t.Errorf("%d conversations, want 2", got)
		}
	})
}

func TestEdited(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		id := w.ada.Write("Where is oder 5?")
		later(time.Second)
		w.ada.Edit(id, "Where is order 5?")
		later(time.Second)
		if diff := cmp.Diff([]string{"Ada Lovelace: Where is oder 5?", "Ada Lovelace: (edited) Where is order 5?"}, w.inbox()); diff != "" {
			t.Errorf("the agent sees (-want +got):\n%s", diff)
		}
		messages := w.hubspot.Messages(w.thread())
		if messages[1].InReplyToID != messages[0].ID {
			t.Error("the edited message does not refer to the first one")
		}
	})
}

func TestCustomerReplies(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		w.ada.Write("Hi")
		later(time.Second)
		first := w.reply(hubspottest.Reply{Text: "Which order?"})
		w.reply(hubspottest.Reply{Text: "Are you there?"})
		w.ada.Reply(w.received()[0].ID, "Number 5")
		later(time.Second)
		messages := w.hubspot.Messages(w.thread())
		if got := messages[len(messages)-1]; got.Text != "Number 5" || got.InReplyToID != first.ID {
			t.Errorf("%q answers %q, want %q", got.Text, got.InReplyToID, first.ID)
		}
	})
}

// A link to a file lasts an hour. A message that waits for longer gets a new one.
func TestFileAfterAnHour(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		w.hubspot.Inject(hubspottest.Fault{Operation: "file.upload", Nth: 1, Status: 503})
		for range 6 {
			w.hubspot.Inject(hubspottest.Fault{Operation: "file.upload", Status: 503})
		}
		w.ada.Send(&models.Message{Photo: []models.PhotoSize{{FileID: w.telegram.AddFile("p.jpg", []byte("\xff\xd8"))}}})
		later(2 * time.Hour)
		w.hubspot.ClearFaults()
		later(2 * time.Hour)
		if diff := cmp.Diff([]string{"Ada Lovelace:   <IMAGE photo.jpg image/jpeg>"}, w.inbox()); diff != "" {
			t.Errorf("the agent sees (-want +got):\n%s", diff)
		}
	})
}

// What the program has not stored stays with Telegram: here while the account is switched off, and while the program is not
// running.
func TestRestartWithoutLoss(t *testing.T) {
	in(t, func(t *testing.T, w *world) {
		w.ada.Write("1")
		later(time.Second)
		account := w.hubspot.Accounts()[0].ID
		if err := w.hubspot.SetAccountActive(account, false); err != nil {
			t.Fatal(err)
		}
		later(time.Second)
		w.ada.Write("2")
		later(time.Minute)
		if err := w.hubspot.SetAccountActive(account, true); err != nil {
			t.Fatal(err)
		}
		later(time.Minute)
		w.stop()
		w.ada.Write("3")
		synctest.Wait()
		if n := w.telegram.Pending(w.bot); n != 1 {
			t.Errorf("%d updates wait while the program is down, want 1", n)
		}
		w.start(w.store)
		later(time.Minute)
		if diff := cmp.Diff([]string{"Ada Lovelace: 1", "Ada Lovelace: 2", "Ada Lovelace: 3"}, w.inbox()); diff != "" {
			t.Errorf("the agent sees (-want +got):\n%s", diff)
		}
	})
}
