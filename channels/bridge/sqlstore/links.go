package sqlstore

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/messages"
)

func (c *session) saveLink(l *bridge.Link, at time.Time) error {
	return c.run(`INSERT INTO @links (channel, account, service, service_id, portal, hubspot_id, direction, at)
		VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (channel, account, service) DO UPDATE SET hubspot_id = excluded.hubspot_id`,
		string(l.Channel), string(l.Account), digest(l.ServiceID), []byte(l.ServiceID), l.Portal, string(l.HubSpotID), string(l.Direction), micros(at))
}

// LinkByService implements [bridge.Store].
func (s *Store) LinkByService(ctx context.Context, channel channels.ID, account channels.AccountID, serviceID string) (*bridge.Link, error) {
	return s.link(ctx, `channel = ?1 AND account = ?2 AND service = ?3`, string(channel), string(account), digest(serviceID))
}

// LinkByHubSpot implements [bridge.Store].
func (s *Store) LinkByHubSpot(ctx context.Context, channel channels.ID, id messages.ID) (*bridge.Link, error) {
	return s.link(ctx, `channel = ?1 AND hubspot_id = ?2`, string(channel), string(id))
}

func (s *Store) link(ctx context.Context, where string, args ...any) (*bridge.Link, error) {
	var channel, account, hubspot, direction string
	var service []byte
	var l bridge.Link
	err := s.read(ctx, func(c *session) error {
		return c.get(`SELECT channel, account, service_id, portal, hubspot_id, direction FROM @links WHERE `+where+` ORDER BY seq LIMIT 1`, args,
			&channel, &account, &service, &l.Portal, &hubspot, &direction)
	})
	if err != nil {
		return nil, err
	}
	l.Channel, l.Account, l.ServiceID = channels.ID(channel), channels.AccountID(account), string(service)
	l.HubSpotID, l.Direction = messages.ID(hubspot), messages.Direction(direction)
	return &l, nil
}

func personKey(p *bridge.Person) []byte {
	return digest(string(p.Channel), strconv.FormatInt(p.Portal, 10), string(p.Account.Type), p.Account.Value,
		string(p.Identifier.Type), p.Identifier.Value)
}

func (c *session) savePerson(p *bridge.Person, at time.Time) error {
	var threads []byte
	if p.ThreadIDs != nil {
		threads, _ = json.Marshal(p.ThreadIDs) // strings always marshal
	}
	return c.run(`INSERT INTO @people (person, threads, last_incoming, at) VALUES (?1, ?2, ?3, ?4)
		ON CONFLICT (person) DO UPDATE SET threads = COALESCE(excluded.threads, @people.threads),
		last_incoming = GREATEST(@people.last_incoming, excluded.last_incoming), at = excluded.at`,
		personKey(p), threads, micros(p.LastIncoming), micros(at))
}

// Person implements [bridge.Store].
func (s *Store) Person(ctx context.Context, who *bridge.Person) (*bridge.Person, error) {
	p := bridge.Person{Channel: who.Channel, Portal: who.Portal, Account: who.Account, Identifier: who.Identifier}
	var threads []byte
	var last int64
	err := s.read(ctx, func(c *session) error {
		return c.get(`SELECT threads, last_incoming FROM @people WHERE person = ?1`, []any{personKey(&p)}, &threads, &last)
	})
	if err != nil {
		return nil, err
	}
	p.LastIncoming = fromMicros(last)
	if threads != nil {
		if err := json.Unmarshal(threads, &p.ThreadIDs); err != nil {
			return nil, fmt.Errorf("sqlstore: thread ids: %w", err)
		}
	}
	return &p, nil
}
