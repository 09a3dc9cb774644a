package hubspottest

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"
)

// store keeps the state in a directory: one file of changes, a line of JSON
// each, and one file per uploaded file. A nil store keeps nothing.
type store struct {
	dir string
	log *os.File

	failed  error        // the first error, under the server's lock; nothing is appended after it
	written atomic.Int64 // lines appended

	syncing sync.Mutex
	synced  int64 // lines known to be on disk
}

const logName = "hubspot.jsonl"

// storedLine is one line of the log: everything that one change did.
type storedLine struct {
	Seq     int64          `json:"seq"`
	Changes []storedChange `json:"changes"`
}

type storedChange struct {
	change
	Row json.RawMessage `json:"row"` // null: removed
}

// Persist loads what an earlier run stored in dir and from then on stores
// every change there before the request that made it is answered. Channels,
// installs, tokens, accounts, threads, messages, files, and webhooks not yet
// delivered continue where they stopped; so do credentials that the Config
// leaves empty. The directory is made if it does not exist; only the owner can
// read it. Call it before the server is used, and use a directory from one
// server at a time.
func (s *Server) Persist(dir string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.store != nil {
		return errors.New("hubspottest: Persist was called before")
	}
	if err := os.MkdirAll(filepath.Join(dir, "files"), 0o700); err != nil {
		return fmt.Errorf("hubspottest: %w", err)
	}
	loaded := newState()
	if err := loaded.read(filepath.Join(dir, logName)); err != nil {
		return fmt.Errorf("hubspottest: cannot read the stored state: %w", err)
	}
	s.adopt(loaded)
	st := &store{dir: dir}
	if err := st.compact(loaded); err != nil {
		return fmt.Errorf("hubspottest: cannot write the stored state: %w", err)
	}
	s.state, s.store = loaded, st
	s.hooks.restore(loaded)
	return nil
}

// adopt completes the loaded state with what the configuration says.
func (s *Server) adopt(loaded *state) {
	if old := loaded.app(); old != nil {
		known := *old
		known.ClientID = cmp.Or(s.cfg.ClientID, old.ClientID)
		known.ClientSecret = cmp.Or(s.cfg.ClientSecret, old.ClientSecret)
		known.DeveloperKey = cmp.Or(s.cfg.DeveloperKey, old.DeveloperKey)
		loaded.apps.rows["app"] = &known
		s.clock.ahead.Store(int64(known.Ahead))
	} else {
		loaded.apps.rows["app"] = s.state.app()
	}
	if p := loaded.portals.get(portalKey(s.cfg.PortalID)); p != nil {
		p.Name, p.Users[0].Name = s.cfg.PortalName, s.cfg.AgentName
	} else {
		p = loaded.newPortal(s.cfg.PortalID, s.cfg.PortalName, s.cfg.AgentName, s.now())
		loaded.portals.rows[portalKey(p.ID)] = p
	}
	for _, p := range loaded.portals.rows {
		p.adopt()
	}
	for id, g := range loaded.grants.rows {
		if g.expired(s.now()) {
			delete(loaded.grants.rows, id)
		}
	}
	loaded.index()
}

// read replays a log. A last line without its end was being written when the
// process died: its request was never answered, so it is dropped.
func (st *state) read(path string) error {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	tables := map[string]rows{}
	for _, t := range st.tables() {
		tables[t.name()] = t
	}
	in := bufio.NewReaderSize(f, 1<<16)
	for n := 1; ; n++ {
		line, err := in.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := st.replay(tables, line); err != nil {
			return fmt.Errorf("%s line %d: %w", path, n, err)
		}
	}
}

func (st *state) replay(tables map[string]rows, line []byte) error {
	var l storedLine
	if err := json.Unmarshal(line, &l); err != nil {
		return err
	}
	st.seq = max(st.seq, l.Seq)
	for _, c := range l.Changes {
		t := tables[c.Kind]
		if t == nil {
			return fmt.Errorf("unknown kind %q: was it written by a newer version?", c.Kind)
		}
		if err := t.load(c.ID, c.Row); err != nil {
			return err
		}
	}
	return nil
}

// compact writes the whole state as a new log and opens it for appending.
func (st *store) compact(from *state) error {
	path := filepath.Join(st.dir, logName)
	f, err := os.OpenFile(path+".new", os.O_CREATE|os.O_TRUNC|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(f)
	for _, t := range from.tables() {
		t.each(func(id string, row any) {
			line, lineErr := encodeLine(from.seq, []change{{Kind: t.name(), ID: id, row: row}})
			_, writeErr := out.Write(line)
			err = errors.Join(err, lineErr, writeErr)
		})
	}
	if err = errors.Join(err, out.Flush(), f.Sync(), os.Rename(path+".new", path), syncDir(st.dir)); err != nil {
		return errors.Join(err, f.Close())
	}
	st.log = f
	return nil
}

func encodeLine(seq int64, changes []change) ([]byte, error) {
	l := storedLine{Seq: seq, Changes: make([]storedChange, len(changes))}
	for i, c := range changes {
		row, err := json.Marshal(c.row)
		if err != nil {
			return nil, err
		}
		l.Changes[i] = storedChange{change: c, Row: row}
	}
	var line bytes.Buffer
	err := json.NewEncoder(&line).Encode(l)
	return line.Bytes(), err
}

// stored returns once a change is on disk, if anything is stored at all.
func (s *Server) stored(mark int64) error {
	s.mu.Lock()
	st := s.store
	s.mu.Unlock()
	return st.sync(mark)
}

// append writes changes as one line and returns the mark to sync up to. The
// caller holds the server's lock.
func (st *store) append(seq int64, changes []change) (int64, error) {
	if st == nil || len(changes) == 0 {
		return 0, nil
	}
	if st.failed != nil {
		return 0, st.failed
	}
	line, err := encodeLine(seq, changes)
	if err == nil {
		_, err = st.log.Write(line)
	}
	if err != nil {
		st.failed = err
		return 0, err
	}
	return st.written.Add(1), nil
}

// sync returns once the lines up to mark are on disk. Whoever waits while
// another syncs finds its own line done by the next sync.
func (st *store) sync(mark int64) error {
	if st == nil || mark == 0 {
		return nil
	}
	st.syncing.Lock()
	defer st.syncing.Unlock()
	if st.synced >= mark {
		return nil
	}
	if st.log == nil {
		return fs.ErrClosed
	}
	upTo := st.written.Load()
	if err := st.log.Sync(); err != nil {
		return err
	}
	st.synced = upTo
	return nil
}

func (st *store) close() error {
	if st == nil {
		return nil
	}
	st.syncing.Lock()
	defer st.syncing.Unlock()
	if st.log == nil {
		return nil
	}
	err := st.log.Close()
	st.failed = fs.ErrClosed
	st.log = nil
	return err
}

// writeFile stores an uploaded file's bytes.
func (st *store) writeFile(id string, content []byte) error {
	path := filepath.Join(st.dir, "files", id)
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	return errors.Join(err, f.Sync(), f.Close(), syncDir(filepath.Dir(path)))
}

func (st *store) readFile(id string) ([]byte, error) {
	return os.ReadFile(filepath.Join(st.dir, "files", id))
}

// syncDir makes a new name in dir durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// expired reports whether a code or access token is past its time.
func (g *grant) expired(now time.Time) bool {
	return !g.ExpiresAt.IsZero() && !now.Before(g.ExpiresAt)
}
