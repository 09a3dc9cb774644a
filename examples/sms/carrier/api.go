package carrier

import (
	"crypto/subtle"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const apiPath = "/2010-04-01/Accounts/"

// ServeHTTP serves the API and the phone's page.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !strings.HasPrefix(r.URL.Path, apiPath) {
		s.phone.ServeHTTP(w, r)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
	sid, token, _ := r.BasicAuth()
	if sid != s.cfg.AccountSID || subtle.ConstantTimeCompare([]byte(token), []byte(s.AuthToken())) != 1 ||
		!strings.HasPrefix(r.URL.Path, apiPath+s.cfg.AccountSID+"/") {
		writeError(w, http.StatusUnauthorized, 20003, "Authenticate")
		return
	}
	if refusal, ok := s.nextRefusal(); ok {
		if refusal.Accept {
			s.api.ServeHTTP(discard{http.Header{}}, r)
		}
		if refusal.RetryAfter > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(int(refusal.RetryAfter/time.Second)))
		}
		writeError(w, refusal.Status, refusal.Code, "refused")
		return
	}
	s.api.ServeHTTP(w, r)
}

func (s *Service) apiHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+apiPath+"{account}/Messages.json", s.postMessage)
	mux.HandleFunc("GET "+apiPath+"{account}/Messages/{message}/Media/{media}", s.getMedia)
	mux.HandleFunc("GET "+apiPath+"{account}/IncomingPhoneNumbers.json", s.listNumbers)
	mux.HandleFunc("POST "+apiPath+"{account}/IncomingPhoneNumbers/{number}", s.setNumber)
	return mux
}

func (s *Service) nextRefusal() (Refusal, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.refusals) == 0 {
		return Refusal{}, false
	}
	next := s.refusals[0]
	s.refusals = s.refusals[1:]
	return next, true
}

// discard takes an answer that nobody gets.
type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) Write(p []byte) (int, error) { return len(p), nil }
func (d discard) WriteHeader(int)             {}

func (s *Service) postMessage(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		writeError(w, http.StatusBadRequest, 0, err.Error())
		return
	}
	form, key := r.PostForm, r.Header.Get("Idempotency-Key")
	s.mu.Lock()
	defer s.mu.Unlock()
	if sid, ok := s.keys[key]; ok && key != "" {
		writeJSON(w, http.StatusCreated, s.resource(s.find(sid)))
		return
	}
	if code, message := s.refused(form); code != 0 {
		writeError(w, http.StatusBadRequest, code, message)
		return
	}
	m := &Message{
		SID: newSID("SM"), From: form.Get("From"), To: form.Get("To"), Text: form.Get("Body"), Status: "queued", Time: s.cfg.Now(),
		callback: form.Get("StatusCallback"), urls: form["MediaUrl"],
	}
	s.messages = append(s.messages, m)
	s.keys[key] = m.SID
	s.enqueue(job{sid: m.SID})
	writeJSON(w, http.StatusCreated, s.resource(m))
}

// refused says why a message is not taken. It needs the lock.
func (s *Service) refused(form url.Values) (code int, message string) {
	to := form.Get("To")
	switch {
	case !strings.HasPrefix(to, "+") || len(to) < 8:
		return 21211, "The 'To' number is not a valid phone number."
	case form.Get("From") != s.cfg.Number:
		return 21606, "The 'From' number is not a phone number of this account."
	case form.Get("Body") == "" && len(form["MediaUrl"]) == 0:
		return 21619, "A message body or media urls must be specified."
	case len([]rune(form.Get("Body"))) > 1600:
		return 21617, "The concatenated message body exceeds the 1600 character limit."
	case len(form["MediaUrl"]) > 10:
		return 21623, "Number of media files exceeds allowed limit."
	case s.stopped[to]:
		return 21610, "Attempt to send to unsubscribed recipient."
	case s.cfg.Window > 0 && !s.wroteWithin(to, s.cfg.Window):
		return 63016, "Outside the allowed window."
	}
	return 0, ""
}

func (s *Service) wroteWithin(number string, window time.Duration) bool {
	for _, m := range s.messages {
		if m.From == number && s.cfg.Now().Sub(m.Time) <= window {
			return true
		}
	}
	return false
}

func (s *Service) getMedia(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	m := s.find(r.PathValue("message"))
	s.mu.Unlock()
	if m != nil && m.Inbound { // its files do not change any more
		for _, f := range m.Files {
			if f.ID == r.PathValue("media") {
				w.Header().Set("Content-Type", f.Type)
				_, _ = w.Write(f.Content)
				return
			}
		}
	}
	writeError(w, http.StatusNotFound, 20404, "The requested resource was not found")
}

// numberSID is the id of the account's only number.
const numberSID = "PN0001"

func (s *Service) listNumbers(w http.ResponseWriter, r *http.Request) {
	numbers := []any{}
	if wanted := r.URL.Query().Get("PhoneNumber"); wanted == "" || wanted == s.cfg.Number {
		numbers = append(numbers, map[string]any{"sid": numberSID, "phone_number": s.cfg.Number, "sms_url": s.Webhook()})
	}
	writeJSON(w, http.StatusOK, map[string]any{"incoming_phone_numbers": numbers})
}

func (s *Service) setNumber(w http.ResponseWriter, r *http.Request) {
	if r.PathValue("number") != numberSID+".json" {
		writeError(w, http.StatusNotFound, 20404, "The requested resource was not found")
		return
	}
	webhook, _, _ := strings.Cut(r.PostFormValue("SmsUrl"), "#") // connection overrides are for the real service
	s.mu.Lock()
	s.webhook = webhook
	s.mu.Unlock()
	writeJSON(w, http.StatusOK, map[string]any{"sid": numberSID, "phone_number": s.cfg.Number, "sms_url": webhook})
}

func (s *Service) resource(m *Message) map[string]any {
	return map[string]any{"sid": m.SID, "account_sid": s.cfg.AccountSID, "from": m.From, "to": m.To, "body": m.Text, "status": m.Status}
}

func writeError(w http.ResponseWriter, status, code int, message string) {
	writeJSON(w, status, map[string]any{"code": code, "message": message, "status": status})
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}
