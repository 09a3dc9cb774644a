package sqlstore

import (
	"context"
	"errors"
	"fmt"
)

// Rewrap seals anew, with the first of the store's keys, whatever another of them has sealed: tokens, credentials of
// accounts, and the mark that tells whether keys belong to the database. It returns how many values those were. After
// it returned 0 and no error, the other keys are not needed any more.
//
// It can be called while bridges run, and again if it was interrupted. Every process on the database must have the same
// first key by then, or it goes on to seal with another one. A value that no key opens stays as it is and is part of the
// error; the others are sealed anew all the same.
func (s *Store) Rewrap(ctx context.Context) (int, error) {
	var sum int
	var errs []error
	// The key check comes last: as long as it needs an old key, nobody can leave that key out unnoticed.
	for _, kind := range []*sealedKind{sealedInstalls(), sealedAccounts(), sealedKeyCheck()} {
		n, err := s.rewrapKind(ctx, kind)
		sum += n
		if errs = append(errs, err); ctx.Err() != nil {
			break
		}
	}
	return sum, errors.Join(errs...)
}

// rewrapBatch is how many values are read, and changed in one transaction.
const rewrapBatch = 100

// sealedKind is one column of sealed values.
type sealedKind struct {
	next   func(*session) ([]sealedValue, error) // reads a few more, none at the end
	update string                                // stores a value as ?1 where it still is ?2; ?3 and so on are the key
}

type sealedValue struct {
	name   string // for errors
	owner  string
	sealed []byte
	key    []any
}

func sealedInstalls() *sealedKind {
	var client string
	var portal int64
	next := func(c *session) (batch []sealedValue, err error) {
		err = c.each(`SELECT client, portal, sealed FROM @installs WHERE (client, portal) > (?1, ?2) ORDER BY client, portal LIMIT ?3`,
			[]any{client, portal, rewrapBatch}, func(scan func(...any) error) error {
				var sealed []byte
				err := scan(&client, &portal, &sealed)
				name := fmt.Sprintf("the tokens of portal %d, client id %s,", portal, client)
				batch = append(batch, sealedValue{name, installOwner(client, portal), sealed, []any{client, portal}})
				return err
			})
		return batch, err
	}
	return &sealedKind{next, `UPDATE @installs SET sealed = ?1 WHERE sealed = ?2 AND client = ?3 AND portal = ?4`}
}

func sealedAccounts() *sealedKind {
	var row int64
	next := func(c *session) (batch []sealedValue, err error) {
		stored, err := c.accounts(`row IN (SELECT row FROM @accounts WHERE row > ?1 AND credentials IS NOT NULL ORDER BY row LIMIT ?2)`, row, rewrapBatch)
		for _, a := range stored {
			row = a.row
			name := fmt.Sprintf("the credentials of account %s, portal %d,", a.ID, a.Portal)
			batch = append(batch, sealedValue{name, credentialsOwner(&a.Account), a.sealed, []any{row}})
		}
		return batch, err
	}
	return &sealedKind{next, `UPDATE @accounts SET credentials = ?1 WHERE credentials = ?2 AND row = ?3`}
}

func sealedKeyCheck() *sealedKind {
	done := false
	next := func(c *session) ([]sealedValue, error) {
		if done {
			return nil, nil
		}
		done = true
		v := sealedValue{name: "the key check", owner: keyCheckOwner, key: []any{keyCheckName}}
		err := c.get(`SELECT value FROM @values WHERE name = ?1`, v.key, &v.sealed)
		return []sealedValue{v}, err
	}
	return &sealedKind{next, `UPDATE @values SET value = ?1 WHERE value = ?2 AND name = ?3`}
}

func (s *Store) rewrapKind(ctx context.Context, kind *sealedKind) (changed int, err error) {
	for {
		var batch []sealedValue
		readErr := s.read(ctx, func(c *session) (err error) {
			batch, err = kind.next(c)
			return err
		})
		if readErr != nil || len(batch) == 0 {
			return changed, errors.Join(err, readErr)
		}
		updates, openErr := s.sealAnew(batch)
		n, writeErr := s.updateAll(ctx, kind.update, updates)
		changed += n
		if err = errors.Join(err, openErr, writeErr); writeErr != nil {
			return changed, err
		}
	}
}

// sealAnew returns the arguments of an update for each value that the first key has not sealed.
func (s *Store) sealAnew(batch []sealedValue) (updates [][]any, err error) {
	for _, v := range batch {
		renewed, differs, e := s.keys.ring.Rewrap(v.sealed, v.owner)
		if e != nil {
			err = errors.Join(err, fmt.Errorf("sqlstore: %s cannot be opened: %w", v.name, e))
		}
		if differs {
			updates = append(updates, append([]any{renewed, v.sealed}, v.key...))
		}
	}
	return updates, err
}

// updateAll runs an update with each of the arguments in one transaction, and returns how many rows it changed.
func (s *Store) updateAll(ctx context.Context, update string, updates [][]any) (changed int, err error) {
	if len(updates) == 0 {
		return 0, nil
	}
	err = s.write.transaction(ctx, func(c *session) error {
		changed = 0
		for _, args := range updates {
			n, err := c.exec(update, args...)
			if err != nil {
				return err
			}
			changed += int(n)
		}
		return nil
	})
	return changed, err
}
