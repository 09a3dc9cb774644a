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

// Links are found by the digests of what they join.

func serviceKey(channel channels.ID, account channels.AccountID, serviceID string) key {
	return digest(string(channel), string(account), serviceID)
}

func hubspotKey(channel channels.ID, id messages.ID) key { return digest(string(channel), string(id)) }

func (c *session) saveLinks(links []savedLink) error {
	// Of several under one id the last counts.
	byID := map[key]int{}
	var rows [][]any
	for _, l := range links {
		var person []byte
		if l.of != nil {
			k := personKey(l.of)
			person = k[:]
		}
		service, hubspot := serviceKey(l.Channel, l.Account, l.ServiceID), hubspotKey(l.Channel, l.HubSpotID)
		row := []any{service[:], hubspot[:], string(l.Channel), string(l.Account), []byte(l.ServiceID), l.Portal, string(l.HubSpotID),
			string(l.Direction), person, micros(l.at)}
		if i, ok := byID[service]; ok {
			if person == nil {
				row[8] = rows[i][8]
			}
			rows[i] = row
			continue
		}
		byID[service] = len(rows)
		rows = append(rows, row)
	}
	return c.insertRows(`INSERT INTO @links (service, hubspot, channel, account, service_id, portal, hubspot_id, direction, person, at) VALUES #
		ON CONFLICT (service) DO UPDATE SET hubspot = excluded.hubspot, hubspot_id = excluded.hubspot_id, at = excluded.at,
		person = COALESCE(excluded.person, @links.person)`, rows, nil)
}

const linkColumns = `channel, account, service_id, portal, hubspot_id, direction FROM @links`

func scanLink(scan func(...any) error, k *[]byte, l *bridge.Link) error {
	var channel, account, hubspot, direction string
	var service []byte
	err := scan(k, &channel, &account, &service, &l.Portal, &hubspot, &direction)
	l.Channel, l.Account, l.ServiceID = channels.ID(channel), channels.AccountID(account), string(service)
	l.HubSpotID, l.Direction = messages.ID(hubspot), messages.Direction(direction)
	return err
}

// LinkByService implements [bridge.Store].
func (s *Store) LinkByService(ctx context.Context, channel channels.ID, account channels.AccountID, serviceID string) (*bridge.Link, error) {
	return found(s.linksByService.find(ctx, serviceKey(channel, account, serviceID)))
}

// LinkByHubSpot implements [bridge.Store].
func (s *Store) LinkByHubSpot(ctx context.Context, channel channels.ID, id messages.ID) (*bridge.Link, error) {
	return found(s.linksByHubSpot.find(ctx, hubspotKey(channel, id)))
}

func found(l bridge.Link, err error) (*bridge.Link, error) {
	if err != nil {
		return nil, err
	}
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

// storedPerson is what is kept of a person.
type storedPerson struct {
	threads []byte
	last    int64
}

func scanPerson(scan func(...any) error, k *[]byte, p *storedPerson) error {
	return scan(k, &p.threads, &p.last)
}

// Person implements [bridge.Store].
func (s *Store) Person(ctx context.Context, who *bridge.Person) (*bridge.Person, error) {
	stored, err := s.people.find(ctx, personKey(who))
	if err != nil {
		return nil, err
	}
	p := bridge.Person{Channel: who.Channel, Portal: who.Portal, Account: who.Account, Identifier: who.Identifier, LastIncoming: fromMicros(stored.last)}
	if stored.threads != nil {
		if err := json.Unmarshal(stored.threads, &p.ThreadIDs); err != nil {
			return nil, fmt.Errorf("sqlstore: thread ids: %w", err)
		}
	}
	return &p, nil
}

// lookUp prepares the look-ups.
func (s *Store) lookUp() {
	s.linksByService = newLookup(s, `SELECT service, `+linkColumns+` WHERE service IN (#)`, scanLink)
	s.linksByHubSpot = newLookup(s, `SELECT hubspot, `+linkColumns+` WHERE hubspot IN (#) ORDER BY seq`, scanLink)
	s.people = newLookup(s, `SELECT person, threads, last_incoming FROM @people WHERE person IN (#)`, scanPerson)
}
