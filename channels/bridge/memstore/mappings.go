package memstore

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/messages"
)

type link struct {
	bridge.Link
	of *personKey // whose message it is, nil if that is not known
	at time.Time
}

func (s *Store) saveLink(l bridge.Link, p *bridge.Person, at time.Time) {
	i := slices.IndexFunc(s.links, func(known *link) bool {
		return known.Channel == l.Channel && known.Account == l.Account && known.ServiceID == l.ServiceID
	})
	if i < 0 {
		i = len(s.links)
		s.links = append(s.links, &link{Link: l, at: at})
	}
	saved := s.links[i]
	saved.HubSpotID, saved.at = l.HubSpotID, at
	if p != nil {
		key := keyOf(p)
		saved.of = &key
	}
}

// LinkByService implements [bridge.Store].
func (s *Store) LinkByService(ctx context.Context, channel channels.ID, account channels.AccountID, serviceID string) (*bridge.Link, error) {
	return s.link(ctx, func(l *link) bool {
		return l.Channel == channel && l.Account == account && l.ServiceID == serviceID
	})
}

// LinkByHubSpot implements [bridge.Store].
func (s *Store) LinkByHubSpot(ctx context.Context, channel channels.ID, id messages.ID) (*bridge.Link, error) {
	return s.link(ctx, func(l *link) bool { return l.Channel == channel && l.HubSpotID == id })
}

func (s *Store) link(ctx context.Context, which func(*link) bool) (*bridge.Link, error) {
	if err := s.begin(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.links, which)
	if i < 0 {
		return nil, bridge.ErrNotFound
	}
	found := s.links[i].Link
	return &found, nil
}

type personKey struct {
	channel             channels.ID
	portal              int64
	account, identifier channels.DeliveryIdentifier
}

func keyOf(p *bridge.Person) personKey {
	return personKey{p.Channel, p.Portal, p.Account, p.Identifier}
}

type person struct {
	threads []string
	last    time.Time
	at      time.Time
}

func (s *Store) savePerson(p *bridge.Person, at time.Time) {
	known, ok := s.people[keyOf(p)]
	if !ok {
		known = &person{}
		s.people[keyOf(p)] = known
	}
	known.at = at
	if p.ThreadIDs != nil {
		known.threads = slices.Clone(p.ThreadIDs)
	}
	if p.LastIncoming.After(known.last) {
		known.last = p.LastIncoming
	}
}

// Person implements [bridge.Store].
func (s *Store) Person(ctx context.Context, p *bridge.Person) (*bridge.Person, error) {
	if err := s.begin(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	known, ok := s.people[keyOf(p)]
	if !ok {
		return nil, bridge.ErrNotFound
	}
	return &bridge.Person{
		Channel: p.Channel, Portal: p.Portal, Account: p.Account, Identifier: p.Identifier,
		ThreadIDs: slices.Clone(known.threads), LastIncoming: known.last,
	}, nil
}

func (s *Store) sweepMappings(before time.Time) {
	s.links = slices.DeleteFunc(s.links, func(l *link) bool { return l.at.Before(before) })
	maps.DeleteFunc(s.people, func(_ personKey, p *person) bool { return p.at.Before(before) })
}

func (s *Store) forgetPerson(p *bridge.Person) {
	key := keyOf(p)
	delete(s.people, key)
	s.links = slices.DeleteFunc(s.links, func(l *link) bool { return l.of != nil && *l.of == key })
}
