package sqlstore

import (
	"context"

	"github.com/customchannels/customchannels-go/channels/bridge"
)

// maxLookups bounds how many look-ups share a query.
const maxLookups = 64

// lookup finds rows by their keys. There is a look-up or two for every message, and each query costs a journey to the
// database: those that come at the same time share it.
type lookup[V any] struct {
	batcher[*question[V]]
}

type question[V any] struct {
	ctx    context.Context
	key    key
	answer V
	err    error
}

// newLookup returns a lookup that runs a query, whose "IN (#)" stands for the keys. scan reads the key and the value of
// a row; of several rows with one key the first counts.
func newLookup[V any](s *Store, query string, scan func(scan func(...any) error, k *[]byte, v *V) error) *lookup[V] {
	l := &lookup[V]{}
	l.max = maxLookups
	l.run = func(asked []*question[V]) {
		keys := make([]key, len(asked))
		for i, q := range asked {
			keys[i] = q.key
		}
		found := map[key]V{}
		// None of those who ask may cut it short for the others by going away.
		ctx, cancel := s.engine.limited(context.WithoutCancel(asked[0].ctx))
		defer cancel()
		err := s.read(ctx, func(c *session) error {
			return c.with(query, nil, keyArgs(keys), func(next func(...any) error) error {
				var k []byte
				var v V
				err := scan(next, &k, &v)
				if _, known := found[key(k)]; err == nil && !known {
					found[key(k)] = v
				}
				return err
			})
		})
		for _, q := range asked {
			v, ok := found[q.key]
			switch {
			case err != nil:
				q.err = err
			case !ok:
				q.err = bridge.ErrNotFound
			default:
				q.answer = v
			}
		}
	}
	return l
}

// find returns the value of a key, or [bridge.ErrNotFound].
func (l *lookup[V]) find(ctx context.Context, k key) (V, error) {
	q := &question[V]{ctx: ctx, key: k}
	if err := l.do(ctx, q); err != nil {
		return q.answer, err
	}
	return q.answer, q.err
}
