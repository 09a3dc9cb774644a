package hubspottest

import (
	"bytes"
	"fmt"
	"mime"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// Entry is one request in the journal: a call to HubSpot's API, or a webhook
// that the simulator delivered (operation "webhook.delivery").
type Entry struct {
	ID         int64     `json:"id"`
	Time       time.Time `json:"time"`      // when it began
	Operation  string    `json:"operation"` // as "message.publish"; the package documentation lists them
	Method     string    `json:"method"`
	Path       string    `json:"path"`               // with the query; of a webhook the whole URL
	Status     int       `json:"status"`             // 0: no answer
	PortalID   int64     `json:"portalId,omitempty"` // 0: not known
	DurationMS int64     `json:"durationMs"`
	Request    string    `json:"request"`  // the body, at most 8 KiB, secrets replaced
	Response   string    `json:"response"` // likewise
	Error      string    `json:"error,omitempty"`
}

// journal keeps the last requests in memory.
type journal struct {
	mu      sync.Mutex
	last    int64
	entries []Entry
	sent    map[int64]sentWebhook // by the ids of the entries that are webhooks
}

// sentWebhook is what was sent, which an Entry shows without its secrets.
type sentWebhook struct {
	channelID string
	body      string // empty if it is longer than maxJournalBody
}

const (
	maxJournal     = 5000
	maxJournalBody = 8 << 10
)

func (j *journal) add(e Entry) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.append(e)
}

// addWebhook adds an attempt of a webhook, so that it can be sent again, and
// returns the entry's id.
func (j *journal) addWebhook(e Entry, d *delivery) int64 {
	sent := sentWebhook{channelID: d.ChannelID, body: d.body()}
	if len(sent.body) > maxJournalBody {
		sent.body = ""
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.append(e)
	if j.sent == nil {
		j.sent = map[int64]sentWebhook{}
	}
	j.sent[j.last] = sent
	return j.last
}

func (j *journal) append(e Entry) {
	j.last++
	e.ID = j.last
	if len(j.entries) >= maxJournal {
		for _, old := range j.entries[:maxJournal/10] {
			delete(j.sent, old.ID)
		}
		j.entries = slices.Delete(j.entries, 0, maxJournal/10)
	}
	j.entries = append(j.entries, e)
}

// webhook returns an entry that is a webhook, and what was sent.
func (j *journal) webhook(id int64) (e Entry, sent sentWebhook, known bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	i := slices.IndexFunc(j.entries, func(e Entry) bool { return e.ID == id })
	if i < 0 {
		return Entry{}, sentWebhook{}, false
	}
	sent, known = j.sent[id]
	return j.entries[i], sent, known
}

// Journal returns the requests so far, oldest first: all of them, or those of
// the given operations. It keeps about the last 5,000 until the
// process ends.
func (s *Server) Journal(operations ...string) []Entry {
	s.journal.mu.Lock()
	defer s.journal.mu.Unlock()
	list := []Entry{}
	for _, e := range s.journal.entries {
		if len(operations) == 0 || slices.Contains(operations, e.Operation) {
			list = append(list, e)
		}
	}
	return list
}

// ClearJournal forgets the requests so far.
func (s *Server) ClearJournal() {
	s.journal.mu.Lock()
	defer s.journal.mu.Unlock()
	s.journal.entries, s.journal.sent = nil, nil
}

// entry describes a call and its answer.
func (c *call) entry(rep *reply) Entry {
	e := Entry{
		Time:       c.began,
		Operation:  c.op.name,
		Method:     c.r.Method,
		Path:       redactURL(c.r.URL),
		Status:     rep.status,
		PortalID:   c.portal,
		DurationMS: c.now().Sub(c.began).Milliseconds(),
		Request:    redactBody(c.body, c.r.Header.Get("Content-Type")),
		Response:   redactBody(rep.body, rep.header.Get("Content-Type")),
	}
	if rep.abort {
		e.Status, e.Response, e.Error = 0, "", "the connection was reset by a fault"
	}
	if rep.cut {
		e.Error = "the answer was broken off by a fault"
	}
	return e
}

const redacted = "[redacted]"

// Secrets never enter the journal, wherever they travel.
var (
	secretInJSON = regexp.MustCompile(`"(access_token|refresh_token|id_token|token|client_secret|accountToken)"\s*:\s*"[^"]*"`)
	secretInURL  = regexp.MustCompile(`([?&](?:hapikey|client_secret|code|code_verifier|client_assertion|` +
		`access_token|refresh_token|token|accountToken|signature|state)=)[^&"\s]*`)
	secretInPath = regexp.MustCompile(`(/channel-account-staging-tokens/)[^/?]+`)
)

func redactURL(u *url.URL) string { return redactText(u.RequestURI()) }

func redactText(text string) string {
	text = secretInURL.ReplaceAllString(text, "${1}"+redacted)
	return secretInPath.ReplaceAllString(text, "${1}"+redacted)
}

// redactBody makes a body printable: without secrets, short, and as a note
// where it is no text.
func redactBody(body []byte, contentType string) string {
	kind, _, _ := mime.ParseMediaType(contentType)
	switch {
	case len(body) == 0:
		return ""
	case kind == "application/x-www-form-urlencoded":
		// A leading & lets one pattern serve the first parameter too.
		return shorten(redactText("&" + string(body))[1:])
	case kind == "text/html":
		return fmt.Sprintf("a page of %d bytes", len(body))
	case kind == "multipart/form-data" || !utf8.Valid(body) || bytes.IndexByte(body, 0) >= 0:
		return fmt.Sprintf("%d bytes of %s", len(body), kind)
	}
	text := secretInJSON.ReplaceAllString(string(body), `"${1}":"`+redacted+`"`)
	return shorten(redactText(text))
}

func shorten(text string) string {
	if len(text) <= maxJournalBody {
		return text
	}
	return strings.ToValidUTF8(text[:maxJournalBody], "") + "…"
}
