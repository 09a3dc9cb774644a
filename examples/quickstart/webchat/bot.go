package webchat

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"net/http"
)

// asBot lets only the app in.
func (s *Service) asBot(next http.HandlerFunc) http.HandlerFunc {
	want := sha256.Sum256([]byte("Bearer " + s.cfg.Secret))
	return func(w http.ResponseWriter, r *http.Request) {
		got := sha256.Sum256([]byte(r.Header.Get("Authorization")))
		if subtle.ConstantTimeCompare(got[:], want[:]) != 1 {
			s.fail(w, r, &httpError{http.StatusUnauthorized, "wrong or missing bearer token"})
			return
		}
		next(w, r)
	}
}

// postBotMessage takes an agent's message. The app may repeat it with the same id.
func (s *Service) postBotMessage(w http.ResponseWriter, r *http.Request) {
	p, err := s.readPost(w, r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	if p.From == "" {
		p.From = s.cfg.Name
	}
	id, err := s.add(r.Context(), &message{
		ClientID: p.ID, From: fromAgent, Name: p.From, Text: p.Text, Files: p.files, customerID: p.To})
	if err != nil {
		s.fail(w, r, err)
		return
	}
	writeJSON(w, http.StatusOK, map[string]string{"id": id})
}

// httpError is an answer that tells its reader what to do better.
type httpError struct {
	status int
	text   string
}

func (e *httpError) Error() string { return e.text }

// fail answers with {"error": "…"}. What is not the caller's fault goes to the log instead.
func (s *Service) fail(w http.ResponseWriter, r *http.Request, err error) {
	answer := &httpError{http.StatusInternalServerError, "internal error"}
	switch {
	case errors.As(err, &answer):
	case errors.Is(err, errUnknownCustomer):
		answer = &httpError{http.StatusNotFound, "unknown customer"}
	case errors.Is(err, errBlocked):
		answer = &httpError{http.StatusForbidden, "blocked"}
	case r.Context().Err() == nil:
		s.log.Error("webchat: request failed", "path", r.URL.Path, "error", err)
	}
	writeJSON(w, answer.status, map[string]string{"error": answer.text})
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // an error means that the caller is gone
}
