package main

import (
	"context"
	"crypto/rand"
	"database/sql"
	_ "embed"
	"errors"
	"html/template"
	"log/slog"
	"net/http"
	"strings"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/messages"
)

// shop is the app that was there before the bridge, and the channel that joins its customers to HubSpot.
type shop struct {
	db     *sql.DB
	bridge *bridge.Bridge
	log    *slog.Logger
	node   string // shown on the pages
	secure bool   // cookies are for https only
}

const cookieName = "shop_session"

// pages are what the shop had before. All but the login are for customers who have logged in.
func (s *shop) pages() http.Handler {
	inside := http.NewServeMux()
	inside.HandleFunc("GET /{$}", s.serveOrders)
	inside.HandleFunc("POST /messages", s.serveMessage)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /login", func(w http.ResponseWriter, _ *http.Request) { s.show(w, http.StatusOK, "login", nil) })
	mux.HandleFunc("POST /login", s.serveLogin)
	mux.HandleFunc("POST /logout", s.serveLogout)
	mux.Handle("/", s.loggedIn(inside))
	return mux
}

type emailKey struct{}

// loggedIn sends those to the login who have no session.
func (s *shop) loggedIn(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var email string
		if c, err := r.Cookie(cookieName); err == nil {
			if email, err = s.session(r.Context(), c.Value); err != nil {
				s.fail(w, r, err)
				return
			}
		}
		if email == "" {
			http.Redirect(w, r, "/login", http.StatusSeeOther)
			return
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), emailKey{}, email)))
	})
}

// customer is who is logged in.
func customer(r *http.Request) string { return r.Context().Value(emailKey{}).(string) }

func (s *shop) serveLogin(w http.ResponseWriter, r *http.Request) {
	email := strings.ToLower(strings.TrimSpace(r.PostFormValue("email")))
	token, err := s.newSession(r.Context(), email, strings.TrimSpace(r.PostFormValue("order")))
	if err != nil {
		s.fail(w, r, err)
		return
	}
	if token == "" {
		s.show(w, http.StatusForbidden, "login", &view{Problem: "There is no such order with this address."})
		return
	}
	s.setCookie(w, token, int(sessionLife.Seconds()))
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func (s *shop) serveLogout(w http.ResponseWriter, r *http.Request) {
	if c, err := r.Cookie(cookieName); err == nil {
		if err := s.endSession(r.Context(), c.Value); err != nil {
			s.fail(w, r, err)
			return
		}
	}
	s.setCookie(w, "", -1)
	http.Redirect(w, r, "/login", http.StatusSeeOther)
}

func (s *shop) setCookie(w http.ResponseWriter, value string, maxAge int) {
	http.SetCookie(w, &http.Cookie{
		Name: cookieName, Value: value, Path: "/", MaxAge: maxAge, HttpOnly: true, Secure: s.secure, SameSite: http.SameSiteLaxMode,
	})
}

// serveOrders shows the orders and the conversation. Whoever sees an agent's message has read it.
func (s *shop) serveOrders(w http.ResponseWriter, r *http.Request) {
	email := customer(r)
	items, err := s.items(r.Context(), email)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	all, err := s.conversation(r.Context(), email)
	if err == nil {
		err = s.reportRead(r.Context(), all)
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.show(w, http.StatusOK, "orders", &view{Email: email, Items: items, Messages: all, NewID: rand.Text()})
}

// reportRead has HubSpot told once that messages were read. If the process dies in between it is told again, which does no
// harm.
func (s *shop) reportRead(ctx context.Context, all []*message) error {
	for _, m := range all {
		if !m.FromShop || m.Seen {
			continue
		}
		if err := s.bridge.Report(ctx, account, m.ID, messages.StatusRead, ""); err != nil {
			return err
		}
		if err := s.markSeen(ctx, m); err != nil {
			return err
		}
	}
	return nil
}

// serveMessage takes what a customer writes. The id comes with the form, so that a form that is sent twice is one message, and
// so that the customer can try again if only one of the two steps was done.
func (s *shop) serveMessage(w http.ResponseWriter, r *http.Request) {
	email, text := customer(r), strings.TrimSpace(r.PostFormValue("text"))
	id := r.PostFormValue("id")
	if text == "" || len(id) < 16 || len(id) > 64 {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	id = email + "/" + id // nobody can use up another's ids
	err := s.bridge.Receive(r.Context(), &bridge.Incoming{ID: id, From: channels.Email(email), To: account, Text: text})
	if errors.Is(err, bridge.ErrUnknownAccount) {
		http.Error(w, "Support cannot be reached here yet.", http.StatusServiceUnavailable)
		return
	}
	if err == nil {
		err = s.saveMessage(r.Context(), &message{ID: id, Email: email, Author: "You", Text: text})
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

//go:embed pages.html
var pagesHTML string

var templates = template.Must(template.New("").Parse(pagesHTML))

// view is what a page shows.
type view struct {
	Email, Problem, NewID, Node string
	Items                       []string
	Messages                    []*message
}

func (s *shop) show(w http.ResponseWriter, status int, page string, v *view) {
	if v == nil {
		v = &view{}
	}
	v.Node = s.node
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = templates.ExecuteTemplate(w, page, v) // the customer has gone
}

// fail is the answer where the database does not work.
func (s *shop) fail(w http.ResponseWriter, r *http.Request, err error) {
	s.log.Error("a page failed", "id", r.Context().Value(idKey{}), "error", err)
	http.Error(w, "The shop has a problem. Please try again.", http.StatusInternalServerError)
}
