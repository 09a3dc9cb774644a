package hubspottest

import (
	"cmp"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// state is everything the simulated HubSpot remembers. Server.mu guards it.
type state struct {
	seq        int64 // the last number given out
	apps       table[app]
	portals    table[portal]
	installs   table[install]
	grants     table[grant]
	channels   table[channel]
	accounts   table[account]
	stagings   table[staging]
	visitors   table[visitor]
	contacts   table[contact]
	threads    table[thread]
	messages   table[message]
	files      table[file]
	imports    table[fileImport]
	deliveries table[delivery]

	fileBytes map[string][]byte // contents by file id, while nothing is stored

	// Look-ups that follow from the rows.
	threadMessages map[string][]*message // by thread id, in order of arrival
	idempotency    map[string]*message   // by account id and idempotency id
	openThreads    map[string]*thread    // by threading key, the latest
}

func newState() *state {
	st := &state{
		apps:       newTable[app]("app"),
		portals:    newTable[portal]("portal"),
		installs:   newTable[install]("install"),
		grants:     newTable[grant]("grant"),
		channels:   newTable[channel]("channel"),
		accounts:   newTable[account]("account"),
		stagings:   newTable[staging]("staging"),
		visitors:   newTable[visitor]("visitor"),
		contacts:   newTable[contact]("contact"),
		threads:    newTable[thread]("thread"),
		messages:   newTable[message]("message"),
		files:      newTable[file]("file"),
		imports:    newTable[fileImport]("import"),
		deliveries: newTable[delivery]("delivery"),
		fileBytes:  map[string][]byte{},
	}
	st.index()
	return st
}

// rows is what the store needs to know of a table.
type rows interface {
	name() string
	load(id string, row json.RawMessage) error
	each(visit func(id string, row any))
}

func (st *state) tables() []rows {
	return []rows{&st.apps, &st.portals, &st.installs, &st.grants, &st.channels, &st.accounts,
		&st.stagings, &st.visitors, &st.contacts, &st.threads, &st.messages, &st.files, &st.imports, &st.deliveries}
}

// index rebuilds the look-ups from the rows.
func (st *state) index() {
	st.threadMessages = map[string][]*message{}
	st.idempotency = map[string]*message{}
	st.openThreads = map[string]*thread{}
	for _, t := range st.threads.ordered() {
		st.indexThread(t)
	}
	for _, m := range st.messages.ordered() {
		st.indexMessage(m)
	}
}

func (st *state) indexThread(t *thread) {
	for _, key := range t.Keys {
		st.openThreads[key] = t
	}
}

func (st *state) indexMessage(m *message) {
	st.threadMessages[m.ThreadID] = append(st.threadMessages[m.ThreadID], m)
	if m.IdempotencyID != "" {
		st.idempotency[m.AccountID+" "+m.IdempotencyID] = m
	}
}

// next gives out a number that was not given out before. Ids are such numbers
// above a base, so that a thread's id is never mistaken for a channel's.
func (st *state) next() int64 {
	st.seq++
	return st.seq
}

// table holds the rows of one kind by id.
type table[T row] struct {
	kind string
	rows map[string]*T
}

// row is a stored entity; order is its place in lists.
type row interface{ order() int64 }

func newTable[T row](kind string) table[T] {
	return table[T]{kind: kind, rows: map[string]*T{}}
}

func (t *table[T]) get(id string) *T { return t.rows[id] }

// put records that a row is new or was changed.
func (t *table[T]) put(tx *tx, id string, row *T) {
	t.rows[id] = row
	tx.changes = append(tx.changes, change{Kind: t.kind, ID: id, row: row})
}

func (t *table[T]) remove(tx *tx, id string) {
	delete(t.rows, id)
	tx.changes = append(tx.changes, change{Kind: t.kind, ID: id})
}

// ordered returns the rows oldest first.
func (t *table[T]) ordered() []*T {
	list := make([]*T, 0, len(t.rows))
	for _, row := range t.rows {
		list = append(list, row)
	}
	slices.SortFunc(list, func(a, b *T) int { return cmp.Compare((*a).order(), (*b).order()) })
	return list
}

func (t *table[T]) name() string { return t.kind }

func (t *table[T]) load(id string, raw json.RawMessage) error {
	if string(raw) == "null" || len(raw) == 0 {
		delete(t.rows, id)
		return nil
	}
	row := new(T)
	if err := json.Unmarshal(raw, row); err != nil {
		return fmt.Errorf("%s %s: %w", t.kind, id, err)
	}
	t.rows[id] = row
	return nil
}

func (t *table[T]) each(visit func(id string, row any)) {
	for id, row := range t.rows {
		visit(id, row)
	}
}

// tx is one change of the state. It is applied whole, stored as one line, and
// shown to open pages in one go.
type tx struct {
	*state
	s       *Server
	now     time.Time
	changes []change
	shown   []func() event
	queued  []*delivery

	appEvents []appEvent
}

type change struct {
	Kind string `json:"kind"`
	ID   string `json:"id"`
	row  any    // nil: removed
}

// update runs fn with the state locked, and returns once its changes are
// stored and shown. What fn recorded before it returned an error is kept, so
// fn checks first and changes then.
func (s *Server) update(fn func(*tx) error) error {
	s.mu.Lock()
	tx := &tx{state: s.state, s: s, now: s.now()}
	err := fn(tx)
	tx.sendAppEvents()
	written, storeErr := s.store.append(s.state.seq, tx.changes)
	for _, show := range tx.shown {
		s.events.publish(show())
	}
	for _, d := range tx.queued {
		d.mark = written
		s.hooks.add(d)
	}
	s.mu.Unlock()

	if storeErr == nil {
		storeErr = s.stored(written)
	}
	if tx.queued != nil {
		s.hooks.signal()
	}
	if err == nil && storeErr != nil {
		return fmt.Errorf("hubspottest: cannot store the change: %w", storeErr)
	}
	return err
}

// view runs fn with the state locked, for reading only.
func (s *Server) view(fn func(*state)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fn(s.state)
}

// app is the one app that this HubSpot knows.
type app struct {
	ClientID     string `json:"clientId"`
	ClientSecret string `json:"clientSecret"`
	DeveloperKey string `json:"developerKey"`

	// What it last asked a user for, which a marketplace install asks for too.
	RedirectURL string   `json:"redirectUrl,omitempty"`
	Scopes      []string `json:"scopes,omitempty"`

	// Ahead is how far the simulator's clock was advanced.
	Ahead time.Duration `json:"ahead,omitempty"`
}

func (app) order() int64 { return 0 }

func (st *state) app() *app { return st.apps.get("app") }

// portal is a customer account with its inboxes and users.
type portal struct {
	ID      int64   `json:"id"`
	Name    string  `json:"name"`
	Inboxes []inbox `json:"inboxes"`
	Users   []User  `json:"agents"`
	Seq     int64   `json:"seq"`
}

func (p portal) order() int64 { return p.Seq }

type inbox struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	Type      string    `json:"type"` // INBOX or HELP_DESK
	CreatedAt time.Time `json:"createdAt"`
}

// install is the app's place in a portal.
type install struct {
	PortalID    int64     `json:"portalId"`
	UserID      int64     `json:"userId"`
	Scopes      []string  `json:"scopes"`
	InstalledAt time.Time `json:"installedAt"`
}

func (i install) order() int64 { return i.PortalID }

// seed makes the app and the configured portal.
func (st *state) seed(cfg Config) {
	st.apps.rows["app"] = &app{
		ClientID:     cmp.Or(cfg.ClientID, uuid()),
		ClientSecret: cmp.Or(cfg.ClientSecret, uuid()),
		DeveloperKey: cmp.Or(cfg.DeveloperKey, uuid()),
	}
	p := st.newPortal(cfg.PortalID, cfg.PortalName, cfg.AgentName, cfg.Now().UTC().Truncate(time.Millisecond))
	st.portals.rows[portalKey(p.ID)] = p
}

func (st *state) newPortal(id int64, name, agent string, now time.Time) *portal {
	box := func(name, kind string) inbox {
		return inbox{ID: strconv.FormatInt(480000+st.next(), 10), Name: name, Type: kind, CreatedAt: now}
	}
	return &portal{
		ID:      id,
		Name:    name,
		Inboxes: []inbox{box("Inbox", "INBOX"), box("Help desk", "HELP_DESK")},
		Users:   newUsers(agent),
		Seq:     st.next(),
	}
}

func (tx *tx) addPortal(id int64, name string) {
	if tx.portals.get(portalKey(id)) == nil {
		tx.portals.put(tx, portalKey(id), tx.newPortal(id, name, tx.s.cfg.AgentName, tx.now))
	}
}

func portalKey(id int64) string { return strconv.FormatInt(id, 10) }

// uuid returns a random UUID.
func uuid() string {
	var b [16]byte
	rand.Read(b[:])
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// stamp writes a time the way HubSpot's API does.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
