package memstore

import (
	"bytes"
	"context"
	"sync"
	"time"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/oauth"
)

// Store is a [bridge.Store], an [oauth.TokenStore] and an [oauth.RefreshLocker] in memory, safe for concurrent use. Make one with [New].
type Store struct {
	mu       sync.Mutex
	seq      int64       // of the item accepted last
	node     bridge.Node // that joined last
	nodes    map[channels.ID]bridge.Node
	lanes    map[laneKey]*lane // those with work
	buried   []*item
	seen     map[seenKey]seen
	pauses   map[portalKey]bridge.Pause
	held     map[holdKey]bridge.Node
	accounts []*bridge.Account // in the order of their connection
	links    []*link           // in the order in which they were saved
	people   map[personKey]*person
	files    map[string]*file
	values   map[string]string
	installs map[installKey]*oauth.Install

	refreshes map[installKey]refreshLock
}

var (
	_ bridge.Store        = (*Store)(nil)
	_ oauth.TokenStore    = (*Store)(nil)
	_ oauth.RefreshLocker = (*Store)(nil)
)

// New returns an empty store.
func New() *Store {
	return &Store{
		nodes:    map[channels.ID]bridge.Node{},
		lanes:    map[laneKey]*lane{},
		seen:     map[seenKey]seen{},
		pauses:   map[portalKey]bridge.Pause{},
		held:     map[holdKey]bridge.Node{},
		people:   map[personKey]*person{},
		files:    map[string]*file{},
		values:   map[string]string{},
		installs: map[installKey]*oauth.Install{},

		refreshes: map[installKey]refreshLock{},
	}
}

type portalKey struct {
	channel channels.ID
	portal  int64
}

// begin locks the store, unless the caller has gone away. If it returns nil, the caller unlocks.
func (s *Store) begin(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	return nil
}

// Join implements [bridge.Store].
func (s *Store) Join(ctx context.Context, channel channels.ID) (bridge.Node, error) {
	if err := s.begin(ctx); err != nil {
		return 0, err
	}
	defer s.mu.Unlock()
	s.handBack(s.nodes[channel])
	s.node++
	s.nodes[channel] = s.node
	return s.node, nil
}

// Renew implements [bridge.Store]. A node lives as long as the process, unless another Join takes its channel.
func (s *Store) Renew(ctx context.Context, node bridge.Node) (time.Duration, error) {
	if err := s.begin(ctx); err != nil {
		return 0, err
	}
	defer s.mu.Unlock()
	if _, ok := s.channelOf(node); !ok {
		return 0, bridge.ErrLeaseLost
	}
	return 0, nil
}

// Leave implements [bridge.Store].
func (s *Store) Leave(ctx context.Context, node bridge.Node) error {
	if err := s.begin(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	s.handBack(node)
	for channel, n := range s.nodes {
		if n == node {
			delete(s.nodes, channel)
		}
	}
	return nil
}

// Remember implements [bridge.Store].
func (s *Store) Remember(ctx context.Context, name, value string) error {
	if err := s.begin(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	s.values[name] = value
	return nil
}

// Recall implements [bridge.Store].
func (s *Store) Recall(ctx context.Context, name string) (string, error) {
	if err := s.begin(ctx); err != nil {
		return "", err
	}
	defer s.mu.Unlock()
	value, ok := s.values[name]
	if !ok {
		return "", bridge.ErrNotFound
	}
	return value, nil
}

const (
	keepKeys    = 30 * 24 * time.Hour // de-duplication, links and people
	keepBuried  = 30 * 24 * time.Hour
	keepOrphans = time.Hour // files whose message was never accepted
)

// Sweep implements [bridge.Store].
func (s *Store) Sweep(ctx context.Context, now time.Time) error {
	if err := s.begin(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	s.sweepKeys(now.Add(-keepKeys))
	s.sweepMappings(now.Add(-keepKeys))
	s.sweepBuried(now.Add(-keepBuried))
	s.removeFiles(func(f *file) bool { return f.item == 0 && f.at.Before(now.Add(-keepOrphans)) })
	return nil
}

// file is a spooled file.
type file struct {
	item   int64 // that refers to it; 0 if none does
	at     time.Time
	chunks map[int][]byte
}

// WriteMedia implements [bridge.Store].
func (s *Store) WriteMedia(ctx context.Context, id string, n int, chunk []byte) error {
	if err := s.begin(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	f, ok := s.files[id]
	if !ok {
		f = &file{chunks: map[int][]byte{}}
		s.files[id] = f
	}
	f.at = time.Now()
	f.chunks[n] = bytes.Clone(chunk)
	return nil
}

// ReadMedia implements [bridge.Store].
func (s *Store) ReadMedia(ctx context.Context, id string, n int) ([]byte, error) {
	if err := s.begin(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	f, ok := s.files[id]
	if !ok {
		return nil, bridge.ErrNotFound
	}
	chunk, ok := f.chunks[n]
	if !ok {
		return nil, bridge.ErrNotFound
	}
	return bytes.Clone(chunk), nil
}

func (s *Store) removeFiles(which func(*file) bool) {
	for id, f := range s.files {
		if which(f) {
			delete(s.files, id)
		}
	}
}
