package hubspottest

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// operation is one thing that HubSpot's API can do.
type operation struct {
	name    string // as in the journal
	auth    authKind
	scopes  []string // any one of them is enough
	maxBody int64    // defaults to 1 MiB
	run     func(*call) (*reply, error)
}

type authKind int

const (
	asAnyone    authKind = iota
	asDeveloper          // developer key and app id in the query
	asPortal             // OAuth bearer token, counted against the portal's limit
)

// call is one request to an operation.
type call struct {
	*Server
	r      *http.Request
	op     *operation
	began  time.Time
	body   []byte
	portal int64       // whose token was used
	userID int64       // who granted it
	scopes []string    // what was granted
	header http.Header // added to the answer
}

// reply is the answer to a call.
type reply struct {
	status int
	header http.Header
	body   []byte
	abort  bool // reset the connection instead of answering
	cut    bool // reset it in the middle of the body
}

func jsonReply(status int, v any) (*reply, error) {
	body, err := encodeJSON(v)
	if err != nil {
		return nil, err
	}
	return &reply{status: status, body: body, header: http.Header{"Content-Type": {"application/json;charset=utf-8"}}}, nil
}

func emptyReply() (*reply, error) { return &reply{status: http.StatusNoContent}, nil }

// encodeJSON leaves < > & as they are, as HubSpot does.
func encodeJSON(v any) ([]byte, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return bytes.TrimRight(out.Bytes(), "\n"), err
}

// serve makes an http.Handler of an operation. The call is in the journal
// before its answer is on the way, so whoever has the answer finds it there.
func (s *Server) serve(op operation) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		c := &call{Server: s, r: r, op: &op, began: s.now(), header: http.Header{}}
		rep := c.answer()
		s.journal.add(c.entry(rep))
		s.cfg.Logger.Debug("hubspottest: request", "operation", op.name, "status", rep.status, "portal", c.portal)
		if rep.abort {
			panic(http.ErrAbortHandler)
		}
		h := w.Header()
		for _, from := range []http.Header{c.header, rep.header} {
			for k, v := range from {
				h[k] = v
			}
		}
		if h.Get("X-HubSpot-Correlation-Id") == "" {
			h.Set("X-HubSpot-Correlation-Id", uuid())
		}
		if rep.cut {
			h.Set("Content-Length", strconv.Itoa(max(len(rep.body), 2)))
			w.WriteHeader(rep.status)
			_, _ = w.Write(rep.body[:len(rep.body)/2])
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}
		w.WriteHeader(rep.status)
		_, _ = w.Write(rep.body) // the caller may be gone
	}
}

// answer runs the operation with the faults that are set for it.
func (c *call) answer() *reply {
	if err := c.readBody(); err != nil {
		return failure(err)
	}
	authErr := c.authenticate()
	fault := c.faults.take(c.op.name, c.portal)
	fault.wait(c.r.Context())
	switch {
	case fault.Reset == ResetBefore:
		return &reply{abort: true}
	case fault.refuses():
		rep := fault.answer(c)
		rep.cut = fault.Truncate
		return rep
	case authErr != nil:
		return failure(authErr)
	}
	if err := c.limit(); err != nil {
		return failure(err)
	}
	rep, err := c.op.run(c)
	if err != nil {
		rep = failure(err)
	}
	rep.abort = rep.abort || fault.Reset == ResetAfter
	rep.cut = fault.Truncate
	return rep
}

// failure is the answer that tells of an error.
func failure(err error) *reply {
	var refused *apiError
	if !errors.As(err, &refused) {
		refused = plainRefusal(http.StatusInternalServerError, "%v", err)
	}
	rep, err := jsonReply(refused.status, refused.body)
	if err != nil {
		return &reply{status: http.StatusInternalServerError}
	}
	for k, v := range refused.header {
		rep.header[k] = v
	}
	return rep
}

func (c *call) readBody() error {
	limit := cmp.Or(c.op.maxBody, 1<<20)
	body, err := io.ReadAll(http.MaxBytesReader(nil, c.r.Body, limit))
	c.body = body
	var tooLong *http.MaxBytesError
	if errors.As(err, &tooLong) {
		return plainRefusal(http.StatusRequestEntityTooLarge, "The request is larger than %d bytes", limit)
	}
	if err != nil {
		return invalid("The request body could not be read: %v", err)
	}
	return nil
}

func (c *call) authenticate() error {
	switch c.op.auth {
	case asDeveloper:
		return c.authenticateDeveloper()
	case asPortal:
		return c.authenticatePortal()
	}
	return nil
}

func (c *call) authenticateDeveloper() error {
	q := c.r.URL.Query()
	if c.Readings().BearerRegistration && c.authenticatePortal() == nil && slices.Contains(c.scopes, channelWriteScope[0]) {
		return nil
	}
	if !equalSecret(q.Get("hapikey"), c.DeveloperKey()) {
		return unauthorized("The API key provided is invalid. View or manage your API key in your developer account.",
			"INVALID_AUTHENTICATION", nil)
	}
	if q.Get("appId") != strconv.FormatInt(c.AppID(), 10) {
		return invalid("The query parameter appId must be the id of an app of this developer account")
	}
	return nil
}

func (c *call) authenticatePortal() error {
	value, ok := strings.CutPrefix(c.r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return unauthorized("Authentication credentials not found. This API supports OAuth 2.0 authentication.",
			"INVALID_AUTHENTICATION", nil)
	}
	var g *grant
	c.view(func(st *state) {
		if found := st.grants.get(value); found != nil && found.Kind == accessToken {
			g = found
		}
	})
	if g == nil {
		return unauthorized("The OAuth token provided is invalid.", "INVALID_AUTHENTICATION", nil)
	}
	c.portal, c.userID, c.scopes = g.PortalID, g.UserID, g.Scopes
	if g.expired(c.began) {
		return unauthorized(
			fmt.Sprintf("The OAuth token used to make this call expired %d second(s) ago.", int(c.began.Sub(g.ExpiresAt).Seconds())),
			"EXPIRED_AUTHENTICATION", map[string][]string{"expire time": {stamp(g.ExpiresAt)}})
	}
	if len(c.op.scopes) > 0 && !slices.ContainsFunc(c.op.scopes, func(scope string) bool { return slices.Contains(g.Scopes, scope) }) {
		return missingScopes(c.op.scopes)
	}
	return nil
}

// limit counts the call against its portal's rate limit.
func (c *call) limit() error {
	if c.op.auth != asPortal || c.limits.max < 0 {
		return nil
	}
	left, ok := c.limits.take(c.portal, c.began)
	c.header["X-Hubspot-Ratelimit-Interval-Milliseconds"] = []string{"10000"}
	c.header["X-Hubspot-Ratelimit-Max"] = []string{strconv.Itoa(c.limits.max)}
	c.header["X-Hubspot-Ratelimit-Remaining"] = []string{strconv.Itoa(left)}
	if !ok {
		return rateLimited()
	}
	return nil
}

// decode reads the JSON body into v.
func (c *call) decode(v any) error {
	var wrongType *json.UnmarshalTypeError
	err := json.Unmarshal(c.body, v)
	switch {
	case errors.As(err, &wrongType):
		return invalid("Invalid input JSON: %s must be a %s, not a %s", wrongType.Field, wrongType.Type, wrongType.Value)
	case err != nil:
		return invalid("Invalid input JSON: %v", err)
	}
	return nil
}

// number reads a path parameter that HubSpot declares as an integer.
func (c *call) number(name string, bits int) (string, error) {
	value := c.r.PathValue(name)
	n, err := strconv.ParseInt(value, 10, bits)
	if err != nil || n < 0 {
		return "", invalid("Error validating request: %s must be a number, not %q", name, value)
	}
	return strconv.FormatInt(n, 10), nil
}
