package botapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-telegram/bot"
	"github.com/go-telegram/bot/models"
	"github.com/google/go-cmp/cmp"

	"github.com/customchannels/customchannels-go/examples/telegram/botapi"
)

// answer is what a method answers.
type answer struct {
	OK          bool
	Result      json.RawMessage
	ErrorCode   int `json:"error_code"`
	Description string
}

// call calls a method with a form.
func call(t *testing.T, s *botapi.Server, token, method string, params ...string) answer {
	t.Helper()
	form := url.Values{}
	for i := 0; i < len(params); i += 2 {
		form.Set(params[i], params[i+1])
	}
	r := httptest.NewRequest(http.MethodPost, "/bot"+token+"/"+method, strings.NewReader(form.Encode())).WithContext(t.Context())
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	var a answer
	if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil {
		t.Fatalf("%s: %v in %s", method, err, w.Body)
	}
	if !a.OK && w.Code != a.ErrorCode {
		t.Errorf("%s: status %d, code %d", method, w.Code, a.ErrorCode)
	}
	return a
}

func TestRefusals(t *testing.T) {
	s := botapi.New()
	b := s.AddBot("acme_bot")
	customer := s.AddCustomer("Ada", "Lovelace")
	chat, id := customer.Chat(b), fmt.Sprint(customer.ID)
	blocked := s.AddCustomer("Mallory", "")
	blocked.Chat(b).Block(true)
	for _, test := range []struct {
		method string
		params []string
		want   string
	}{
		{"sendMessage", []string{"chat_id", id, "text", strings.Repeat("👋", 2048)}, ""},
		{"sendMessage", []string{"chat_id", id, "text", strings.Repeat("👋", 2049)}, "400 Bad Request: message is too long"},
		{"sendMessage", []string{"chat_id", id, "text", "<b>" + strings.Repeat("x", 4096) + "</b>", "parse_mode", "HTML"}, ""},
		{"sendMessage", []string{"chat_id", id, "text", " <b> </b>", "parse_mode", "HTML"}, "400 Bad Request: message text is empty"},
		{"sendMessage", []string{"chat_id", id, "text", "<b>x", "parse_mode", "HTML"}, `400 Bad Request: can't parse entities: Can't find end tag corresponding to start tag "b"`},
		{"sendMessage", []string{"chat_id", id, "text", "<p>x</p>", "parse_mode", "HTML"}, `400 Bad Request: can't parse entities: Unsupported start tag "p" at byte offset 0`},
		{"sendMessage", []string{"chat_id", id, "text", "1 < 2", "parse_mode", "HTML"}, `400 Bad Request: can't parse entities: Unsupported start tag "" at byte offset 2`},
		{"sendMessage", []string{"chat_id", id, "text", "<b><i>x</b></i>", "parse_mode", "HTML"}, "400 Bad Request: can't parse entities: Unmatched end tag at byte offset 7"},
		{"sendMessage", []string{"chat_id", "1", "text", "x"}, "400 Bad Request: chat not found"},
		{"sendMessage", []string{"chat_id", fmt.Sprint(blocked.ID), "text", "x"}, "403 Forbidden: bot was blocked by the user"},
		{"sendMessage", []string{"chat_id", id, "text", "x", "reply_parameters", `{"message_id":99}`}, "400 Bad Request: message to be replied not found"},
		{"sendMessage", []string{"chat_id", id, "text", "x", "reply_markup", "{"}, "400 Bad Request: can't parse reply_markup"},
		{"sendMessage", []string{"chat_id", id, "text", "x", "reply_markup", `{"inline_keyboard":[[{"text":"x","callback_data":"` + strings.Repeat("x", 65) + `"}]]}`}, "400 Bad Request: BUTTON_DATA_INVALID"},
		{"sendPhoto", []string{"chat_id", id, "photo", "unknown"}, "400 Bad Request: wrong remote file identifier specified: can't unserialize it"},
		{"sendPhoto", []string{"chat_id", id, "photo", s.AddFile("x.png", []byte("x")), "caption", strings.Repeat("x", 1025)}, "400 Bad Request: message caption is too long"},
		{"sendLocation", []string{"chat_id", id, "latitude", "1"}, "400 Bad Request: longitude is empty"},
		{"sendLocation", []string{"chat_id", id, "latitude", "1", "longitude", "2"}, ""},
		{"sendContact", []string{"chat_id", id, "phone_number", "+14155550123", "first_name", "Grace"}, ""},
		{"getFile", []string{"file_id", "unknown"}, "400 Bad Request: invalid file_id"},
		{"answerCallbackQuery", []string{"callback_query_id", "1"}, "400 Bad Request: query is too old and response timeout expired or query ID is invalid"},
		{"sendDice", []string{"chat_id", id}, "404 Not Found: method not found"},
		{"makeCoffee", nil, "404 Not Found: method not found"},
	} {
		a := call(t, s, b.Token, test.method, test.params...)
		got := ""
		if !a.OK {
			got = fmt.Sprint(a.ErrorCode, " ", a.Description)
		}
		if got != test.want {
			t.Errorf("%s %.60q: %q, want %q", test.method, test.params, got, test.want)
		}
	}
	if n := len(chat.Messages()); n != 4 {
		t.Errorf("the customer has %d messages, want 4", n)
	}
}

func TestTokens(t *testing.T) {
	s := botapi.New()
	b := s.AddBot("acme_bot")
	old := b.Token
	s.Revoke(b)
	for token, want := range map[string]int{b.Token: 0, old: 401, "1:x": 401, "x": 404, "": 404} {
		if got := call(t, s, token, "getMe").ErrorCode; got != want {
			t.Errorf("%q: %d, want %d", token, got, want)
		}
	}
}

// updates calls getUpdates and returns the texts.
func updates(t *testing.T, s *botapi.Server, b *botapi.Bot, params ...string) (texts []string, ids []int64) {
	t.Helper()
	var list []models.Update
	if err := json.Unmarshal(call(t, s, b.Token, "getUpdates", params...).Result, &list); err != nil {
		t.Fatal(err)
	}
	for _, u := range list {
		texts, ids = append(texts, u.Message.Text), append(ids, u.ID)
	}
	return texts, ids
}

// Updates stay until an offset confirms them, and a call waits for some as long as it says.
func TestGetUpdates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := botapi.New()
		b := s.AddBot("acme_bot")
		ada := s.AddCustomer("Ada", "").Chat(b)
		begun := time.Now()
		if got, _ := updates(t, s, b, "timeout", "50"); got != nil || time.Since(begun) != 50*time.Second {
			t.Errorf("%q after %v", got, time.Since(begun))
		}
		go func() {
			time.Sleep(20 * time.Second)
			ada.Write("1")
		}()
		begun = time.Now()
		got, ids := updates(t, s, b, "timeout", "50")
		if diff := cmp.Diff([]string{"1"}, got); diff != "" || time.Since(begun) != 20*time.Second {
			t.Errorf("after %v (-want +got):\n%s", time.Since(begun), diff)
		}
		ada.Write("2")
		if got, _ := updates(t, s, b); len(got) != 2 {
			t.Errorf("unconfirmed: %q", got)
		}
		if got, _ := updates(t, s, b, "limit", "1"); len(got) != 1 {
			t.Errorf("limited: %q", got)
		}
		if got, _ := updates(t, s, b, "offset", fmt.Sprint(ids[0]+1)); len(got) != 1 || got[0] != "2" {
			t.Errorf("after the offset: %q", got)
		}
		if n := s.Pending(b); n != 1 {
			t.Errorf("%d wait", n)
		}
	})
}

// Of two who wait for updates the later one gets them.
func TestConflict(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := botapi.New()
		b := s.AddBot("acme_bot")
		first := make(chan answer, 1)
		go func() { first <- call(t, s, b.Token, "getUpdates", "timeout", "50") }()
		synctest.Wait()
		updates(t, s, b)
		if a := <-first; a.ErrorCode != 409 || !strings.Contains(a.Description, "terminated by other getUpdates request") {
			t.Errorf("the first got %+v", a)
		}
		if a := call(t, s, b.Token, "setWebhook", "url", "https://x.test"); !a.OK {
			t.Errorf("setWebhook: %+v", a)
		}
		if a := call(t, s, b.Token, "getUpdates"); a.ErrorCode != 409 || !strings.Contains(a.Description, "webhook is active") {
			t.Errorf("with a webhook: %+v", a)
		}
		call(t, s, b.Token, "deleteWebhook")
		if a := call(t, s, b.Token, "getUpdates"); !a.OK {
			t.Errorf("without: %+v", a)
		}
	})
}

// A link to a file ends after an hour; the next getFile gives another.
func TestFiles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := botapi.New()
		b := s.AddBot("acme_bot")
		id := s.AddFile("cat.png", []byte("a cat"))
		link := func() string {
			var f models.File
			if err := json.Unmarshal(call(t, s, b.Token, "getFile", "file_id", id).Result, &f); err != nil {
				t.Fatal(err)
			}
			return f.FilePath
		}
		get := func(path string) (int, string) {
			w := httptest.NewRecorder()
			s.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/file/bot"+b.Token+"/"+path, nil))
			return w.Code, w.Body.String()
		}
		first := link()
		if code, body := get(first); code != 200 || body != "a cat" {
			t.Errorf("%d %s", code, body)
		}
		time.Sleep(time.Hour + time.Second)
		if code, _ := get(first); code != 404 {
			t.Errorf("after an hour: %d", code)
		}
		if code, _ := get(link()); code != 200 {
			t.Errorf("anew: %d", code)
		}
		if a := call(t, s, b.Token, "getFile", "file_id", s.AddFile("big", make([]byte, 20<<20+1))); a.Description != "Bad Request: file is too big" {
			t.Errorf("a big file: %+v", a)
		}
	})
}

// A bot made with the library works against it.
func Example() {
	telegram := botapi.New()
	acme := telegram.AddBot("acme_bot")
	ada := telegram.AddCustomer("Ada", "Lovelace").Chat(acme)
	ada.Write("Where is my order?")

	server := httptest.NewServer(telegram)
	defer server.Close()
	ctx, cancel := context.WithCancel(context.Background())
	program, err := bot.New(acme.Token, bot.WithServerURL(server.URL), bot.WithErrorsHandler(func(error) {}),
		bot.WithDefaultHandler(func(ctx context.Context, b *bot.Bot, u *models.Update) {
			_, _ = b.SendPhoto(ctx, &bot.SendPhotoParams{ChatID: u.Message.Chat.ID, Caption: "It ships today, " + u.Message.From.FirstName,
				Photo: &models.InputFileUpload{Filename: "label.png", Data: bytes.NewReader([]byte("a label"))}})
		}))
	if err != nil {
		fmt.Println(err)
	}
	ended := make(chan struct{})
	go func() { defer close(ended); program.Start(ctx) }()
	for _, m := range ada.Next(ctx, 1) {
		fmt.Printf("%s (%s %s)\n", m.Text, m.Kind, m.FileName)
	}
	cancel()
	<-ended
	// Output: It ships today, Ada (photo label.png)
}

// FuzzServer: whatever a bot sends gets an answer in JSON.
func FuzzServer(f *testing.F) {
	f.Add("sendMessage", "application/json", `{"chat_id":1,"text":"<b>"}`)
	f.Add("sendPhoto", "multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"photo\"; filename=\"x\"\r\n\r\nx\r\n--x--")
	f.Add("getUpdates", "application/x-www-form-urlencoded", "offset=x&limit=-1")
	f.Fuzz(func(t *testing.T, method, contentType, body string) {
		s := botapi.New()
		b := s.AddBot("acme_bot")
		s.AddCustomer("Ada", "").Chat(b)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body)).WithContext(ctx)
		r.URL.Path = "/bot" + b.Token + "/" + method
		r.Header.Set("Content-Type", contentType)
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if got, err := io.ReadAll(w.Body); err != nil || !json.Valid(got) {
			t.Errorf("answered %q", got)
		}
	})
}
