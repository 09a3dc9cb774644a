package sqlstore

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/messages"
)

// savedLink is a link of an outcome, with whom the message was from or to.
type savedLink struct {
	*bridge.Link
	of *bridge.Person
	at time.Time
}

func (c *session) saveLinks(links []savedLink) error {
	type id struct {
		channel channels.ID
		account channels.AccountID
		service string
	}
	// Of several under one id the last counts.
	byID := map[id]int{}
	var rows [][]any
	for _, l := range links {
		var person []byte
		if l.of != nil {
			k := personKey(l.of)
			person = k[:]
		}
		service := digest(l.ServiceID)
		row := []any{string(l.Channel), string(l.Account), service[:], []byte(l.ServiceID), l.Portal, string(l.HubSpotID), string(l.Direction), person, micros(l.at)}
		of := id{l.Channel, l.Account, l.ServiceID}
		if i, ok := byID[of]; ok {
			if person == nil {
				row[7] = rows[i][7]
			}
			rows[i] = row
			continue
		}
		byID[of] = len(rows)
		rows = append(rows, row)
	}
	return c.insertRows(`INSERT INTO @links (channel, account, service, service_id, portal, hubspot_id, direction, person, at) VALUES #
		ON CONFLICT (channel, account, service) DO UPDATE SET hubspot_id = excluded.hubspot_id, at = excluded.at,
		person = COALESCE(excluded.person, @links.person)`, rows, nil)
}

// LinkByService implements [bridge.Store].
func (s *Store) LinkByService(ctx context.Context, channel channels.ID, account channels.AccountID, serviceID string) (*bridge.Link, error) {
	return s.link(ctx, `channel = ?1 AND account = ?2 AND service = ?3`, string(channel), string(account), keyArg(serviceID))
}

func keyArg(parts ...string) []byte {
	k := digest(parts...)
	return k[:]
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

func personKey(p *bridge.Person) key {
	return digest(string(p.Channel), strconv.FormatInt(p.Portal, 10), string(p.Account.Type), p.Account.Value,
		string(p.Identifier.Type), p.Identifier.Value)
}

type savedPerson struct {
	*bridge.Person
	at time.Time
}

func (c *session) savePeople(people []savedPerson) error {
	byKey := map[key][]any{}
	for _, p := range people {
		var threads []byte
		if p.ThreadIDs != nil {
			threads, _ = json.Marshal(p.ThreadIDs) // strings always marshal
		}
		last, k := micros(p.LastIncoming), personKey(p.Person)
		if before, ok := byKey[k]; ok { // rows of one statement must not meet
			if threads == nil {
				threads = before[1].([]byte)
			}
			last = max(last, before[2].(int64))
		}
		byKey[k] = []any{k[:], threads, last, micros(p.at)}
	}
	rows := slices.SortedFunc(maps.Values(byKey), func(a, b []any) int { return bytes.Compare(a[0].([]byte), b[0].([]byte)) })
	// Nothing is written where nothing is new, for this is done for every message; a day more or less does not matter.
	return c.insertRows(`INSERT INTO @people (person, threads, last_incoming, at) VALUES #
		ON CONFLICT (person) DO UPDATE SET threads = COALESCE(excluded.threads, @people.threads),
		last_incoming = GREATEST(@people.last_incoming, excluded.last_incoming), at = excluded.at
		WHERE excluded.threads IS DISTINCT FROM @people.threads OR excluded.last_incoming > @people.last_incoming OR excluded.at > @people.at + 86400000000`, rows, nil)
}

// Person implements [bridge.Store].
func (s *Store) Person(ctx context.Context, who *bridge.Person) (*bridge.Person, error) {
	p := bridge.Person{Channel: who.Channel, Portal: who.Portal, Account: who.Account, Identifier: who.Identifier}
	var threads []byte
	var last int64
	k := personKey(&p)
	err := s.read(ctx, func(c *session) error {
		return c.get(`SELECT threads, last_incoming FROM @people WHERE person = ?1`, []any{k[:]}, &threads, &last)
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
