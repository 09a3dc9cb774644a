// Package botapi stands in for Telegram's Bot API, for developing and testing bots without Telegram. It is an
// http.Handler with an address like that of api.telegram.org, and a small world of bots and customers behind it:
//
//	telegram := botapi.New()
//	bot := telegram.AddBot("acme_bot")
//	ada := telegram.AddCustomer("Ada", "Lovelace").Chat(bot)
//	ada.Write("Where is my order?")
//	// the program under test calls getUpdates with bot.Token, and sendMessage
//	fmt.Println(ada.Messages())
//
// It knows getMe, getUpdates with long polling, setWebhook, deleteWebhook, getWebhookInfo, sendMessage, sendPhoto,
// sendDocument, sendVoice, sendAudio, sendVideo, sendAnimation, sendSticker, sendLocation, sendContact,
// answerCallbackQuery, getFile and the download of files, in private chats only. Where Telegram refuses something (a
// text that is too long, broken HTML, a customer who has blocked the bot, a wrong token, two programs that ask for updates), so
// does the stand-in, with Telegram's codes and words. Message ids count within a chat, so that two chats have
// the same ones. A webhook can be set but is not called.
//
// See https://core.telegram.org/bots/api for what it imitates.
package botapi

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-telegram/bot/models"
)

// Server is the stand-in. Make one with [New]. It keeps everything in memory and runs no goroutine; all methods are safe for
// concurrent use.
type Server struct {
	mu     sync.Mutex
	bots   map[string]*botState // by token
	files  map[string]*file     // by file id
	links  map[string]*link     // by path
	faults []*Fault
	nextID int64
	news   chan struct{} // closed and replaced when there is an update, a message or another poll
}

// New returns a stand-in without bots.
func New() *Server {
	return &Server{bots: map[string]*botState{}, files: map[string]*file{}, links: map[string]*link{}, nextID: 7_100_000, news: make(chan struct{})}
}

// Bot is a bot as its owner knows it.
type Bot struct {
	ID       int64
	Username string
	Token    string // what @BotFather hands out
}

// botState is a bot as Telegram knows it.
type botState struct {
	user    models.User
	webhook string
	updates []*models.Update // not confirmed yet
	nextID  int64            // of updates
	polls   int              // a newer getUpdates ends an older one
	taps    map[string]bool  // callback queries that nobody has answered
	chats   map[int64]*Chat
	sent    []Message // to all
}

// AddBot makes a bot, as @BotFather does.
func (s *Server) AddBot(username string) *Bot {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := s.id()
	b := &Bot{ID: id, Username: username, Token: s.token(id)}
	s.bots[b.Token] = &botState{
		user: models.User{ID: id, IsBot: true, FirstName: username, Username: username}, nextID: 1,
		taps: map[string]bool{}, chats: map[int64]*Chat{},
	}
	return b
}

// Revoke gives a bot another token, as @BotFather does at its owner's wish. The old one is refused from now on.
func (s *Server) Revoke(b *Bot) {
	s.mu.Lock()
	defer s.mu.Unlock()
	state := s.bots[b.Token]
	delete(s.bots, b.Token)
	b.Token = s.token(b.ID)
	s.bots[b.Token] = state
	s.wake()
}

// Pending is how many updates the bot has not confirmed yet.
func (s *Server) Pending(b *Bot) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.bots[b.Token].updates)
}

// token makes a token. Unlike Telegram's it can be guessed: everything is the same in each run.
func (s *Server) token(bot int64) string { return fmt.Sprintf("%d:stand-in-%d", bot, s.id()) }

func (s *Server) id() int64 { s.nextID++; return s.nextID }

func (s *Server) wake() {
	close(s.news)
	s.news = make(chan struct{})
}

// Fault is a failure to play, in place of what a method does.
type Fault struct {
	Method      string // such as "sendMessage"; empty for any
	After       int    // how many calls go well before
	Times       int    // how many calls fail then; 0 for all
	Code        int    // such as 500; 0 lets the call go on after Do
	Description string
	RetryAfter  int    // in seconds, for code 429
	Do          func() // called before the answer, unless it is nil
}

// Fail plays a failure from now on. Of several that fit a call the first one counts.
func (s *Server) Fail(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, &f)
}

// Heal ends all failures.
func (s *Server) Heal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// fault returns the failure to play for a call, if there is one.
func (s *Server) fault(method string) *Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, f := range s.faults {
		if f.Method != "" && f.Method != method {
			continue
		}
		if f.After > 0 {
			f.After--
			continue
		}
		if f.Times == 1 {
			s.faults = slices.Delete(s.faults, i, i+1)
		}
		f.Times = max(f.Times-1, 0)
		return f
	}
	return nil
}

// apiError is a refusal of the Bot API.
type apiError struct {
	code       int
	text       string
	retryAfter int
}

func (e *apiError) Error() string { return e.text }

func badRequest(format string, args ...any) error {
	return &apiError{code: http.StatusBadRequest, text: "Bad Request: " + fmt.Sprintf(format, args...)}
}

// ServeHTTP answers /bot<token>/<method> and /file/bot<token>/<path>.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if path, ok := strings.CutPrefix(r.URL.Path, "/file/bot"); ok {
		token, path, _ := strings.Cut(path, "/")
		s.download(w, token, path)
		return
	}
	path, _ := strings.CutPrefix(r.URL.Path, "/bot")
	token, method, _ := strings.Cut(path, "/")
	result, err := s.call(r, token, method)
	if err != nil {
		writeError(w, err)
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{"ok": true, "result": result})
}

// call does what a method is for.
func (s *Server) call(r *http.Request, token, method string) (any, error) {
	b, err := s.bot(token)
	if err != nil {
		return nil, err
	}
	p, err := readParams(r)
	if err != nil {
		return nil, err
	}
	if f := s.fault(method); f != nil {
		if f.Do != nil {
			f.Do()
		}
		if f.Code != 0 {
			return nil, &apiError{f.Code, f.Description, f.RetryAfter}
		}
	}
	switch method {
	case "getMe":
		return b.user, nil
	case "getUpdates":
		return s.getUpdates(r.Context(), token, b, p)
	case "setWebhook", "deleteWebhook":
		return true, s.setWebhook(b, p.text("url"))
	case "getWebhookInfo":
		return s.webhookInfo(b), nil
	case "getFile":
		return s.getFile(p.text("file_id"))
	case "answerCallbackQuery":
		return true, s.answerTap(b, p.text("callback_query_id"))
	}
	if kind, ok := strings.CutPrefix(method, "send"); ok {
		return s.send(b, strings.ToLower(kind), p)
	}
	return nil, &apiError{code: http.StatusNotFound, text: "Not Found: method not found"}
}

func (s *Server) bot(token string) (*botState, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if b := s.bots[token]; b != nil {
		return b, nil
	}
	id, secret, ok := strings.Cut(token, ":")
	if !ok || secret == "" || strings.Trim(id, "0123456789") != "" {
		return nil, &apiError{code: http.StatusNotFound, text: "Not Found"} // that is no token at all
	}
	return nil, &apiError{code: http.StatusUnauthorized, text: "Unauthorized"}
}

func writeError(w http.ResponseWriter, err error) {
	e, ok := err.(*apiError)
	if !ok {
		e = &apiError{code: http.StatusInternalServerError, text: "Internal Server Error"}
	}
	body := map[string]any{"ok": false, "error_code": e.code, "description": e.text}
	if e.retryAfter > 0 {
		body["parameters"] = map[string]int{"retry_after": e.retryAfter}
	}
	writeJSON(w, e.code, body)
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // an error means that the caller is gone
}

// unix is a time as the Bot API writes it.
func unix() int { return int(time.Now().Unix()) }
