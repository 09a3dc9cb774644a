package main

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"
)

// handler is the shop's router. HubSpot's routes are a sub-tree of it: they share what every request goes through, but not
// the shop's login and its protection against forms of other sites, for webhooks are signed by HubSpot, and its admins have
// no session here.
func handler(hubspot, pages http.Handler, log *slog.Logger) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/hubspot/", hubspot)
	mux.Handle("/", http.NewCrossOriginProtection().Handler(pages))
	return withID(logged(log, recovered(log, mux)))
}

type idKey struct{}

// withID gives each request an id, which is in the log and in the answer. Nothing of it may read the body: HubSpot's
// signatures cover every byte.
func withID(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := rand.Text()
		w.Header().Set("X-Request-Id", id)
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), idKey{}, id)))
	})
}

// logged writes a line for each request. The query is left out: that of HubSpot's connect popup holds a token.
func logged(log *slog.Logger, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begin := time.Now()
		s := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		defer func() {
			log.Info("request", "id", r.Context().Value(idKey{}), "method", r.Method, "path", r.URL.Path, "status", s.status,
				"took", time.Since(begin))
		}()
		next.ServeHTTP(s, r)
	})
}

// statusWriter remembers the status.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap is for [http.ResponseController].
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// recovered makes a panic an answer of 500, which has HubSpot send a webhook again.
func recovered(log *slog.Logger, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			problem := recover()
			if problem == nil {
				return
			}
			if problem == http.ErrAbortHandler {
				panic(problem)
			}
			log.Error("panic", "id", r.Context().Value(idKey{}), "problem", problem, "stack", string(debug.Stack()))
			http.Error(w, "something went wrong", http.StatusInternalServerError)
		}()
		next.ServeHTTP(w, r)
	})
}
