package webchat

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// pageSize is how many messages a page shows before the customer asks for earlier ones.
const pageSize = 500

// cookieName is special to this service, because cookies of one host are shared by all its ports.
const cookieName = "webchat_customer"

// asCustomer lets only customers in. It makes none: that is the stream's task, which every page opens first.
func (s *Service) asCustomer(next func(http.ResponseWriter, *http.Request, *customer)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		c, err := s.customerOf(r)
		if errors.Is(err, errUnknownCustomer) {
			err = &httpError{http.StatusUnauthorized, "no such customer, open the page anew"}
		}
		if err != nil {
			s.fail(w, r, err)
			return
		}
		next(w, r, c)
	}
}

func (s *Service) customerOf(r *http.Request) (*customer, error) {
	cookie, err := r.Cookie(cookieName)
	if err != nil {
		return nil, errUnknownCustomer
	}
	return s.store.customerByToken(r.Context(), cookie.Value)
}

// newCustomer makes a customer of the browser that asks.
func (s *Service) newCustomer(ctx context.Context, w http.ResponseWriter, r *http.Request) (*customer, error) {
	c := &customer{ID: rand.Text(), Name: friendlyName()}
	token := rand.Text() // the id is known to agents, so it must not open the chat
	if err := s.store.addCustomer(ctx, c.ID, token, c.Name); err != nil {
		return nil, err
	}
	http.SetCookie(w, &http.Cookie{Name: cookieName, Value: token, Path: "/", MaxAge: 365 * 24 * 3600,
		HttpOnly: true, Secure: r.TLS != nil, SameSite: http.SameSiteLaxMode})
	return c, nil
}

func (s *Service) postMessage(w http.ResponseWriter, r *http.Request, c *customer) {
	p, err := s.readPost(w, r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	m := &message{ClientID: p.ID, From: fromCustomer, Text: p.Text, Files: p.files, customerID: c.ID}
	id, err := s.add(r.Context(), m)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.poke()
	writeJSON(w, http.StatusOK, map[string]string{"id": id})
}

// add stores a message, shows it on the customer's pages and returns its id. A sender who hangs up does not stop it:
// otherwise it would be unclear whether the files are needed.
func (s *Service) add(ctx context.Context, m *message) (string, error) {
	dup, err := s.store.addMessage(context.WithoutCancel(ctx), m)
	if dup || err != nil {
		s.blobs.remove(m.Files)
	}
	if err != nil {
		return "", err
	}
	s.streams.notify(m.customerID)
	return m.ID, nil
}

// serveHistory answers with the messages before the one that the page already shows.
func (s *Service) serveHistory(w http.ResponseWriter, r *http.Request, c *customer) {
	before, err := strconv.ParseInt(r.FormValue("before"), 10, 64)
	if err != nil {
		s.fail(w, r, &httpError{http.StatusBadRequest, "before must be a message's seq"})
		return
	}
	list, err := s.store.messagesBefore(r.Context(), c.ID, before, pageSize)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	for _, m := range list {
		forPage(m)
	}
	writeJSON(w, http.StatusOK, map[string]any{"messages": list})
}

func (s *Service) postRead(w http.ResponseWriter, r *http.Request, c *customer) {
	var in struct {
		IDs []string `json:"ids"`
	}
	err := decodeJSON(r.Body, &in)
	if err == nil {
		err = s.store.markRead(r.Context(), c, in.IDs)
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.poke()
	w.WriteHeader(http.StatusNoContent)
}

// patchMe changes the customer's name, or whether agents' messages are taken.
func (s *Service) patchMe(w http.ResponseWriter, r *http.Request, c *customer) {
	var in struct {
		Name    *string `json:"name"`
		Blocked *bool   `json:"blocked"`
	}
	err := decodeJSON(r.Body, &in)
	if err == nil && in.Name != nil {
		*in.Name, err = cleanName(*in.Name)
	}
	if err == nil {
		err = s.store.updateCustomer(r.Context(), c.ID, in.Name, in.Blocked)
	}
	if err == nil {
		c, err = s.store.customer(r.Context(), c.ID)
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.streams.notify(c.ID)
	writeJSON(w, http.StatusOK, c)
}

// cleanName trims a customer's name and refuses what would not show as one.
func cleanName(name string) (string, error) {
	name = strings.TrimSpace(name)
	if name == "" || utf8.RuneCountInString(name) > 60 || strings.ContainsFunc(name, unicode.IsControl) {
		return "", &httpError{http.StatusBadRequest, "name must have 1 to 60 characters on one line"}
	}
	return name, nil
}
