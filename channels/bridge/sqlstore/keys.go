package sqlstore

import (
	"context"
	"errors"
	"fmt"

	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/internal/seal"
)

// Keys seal the tokens and credentials that a [Store] keeps (AES-256-GCM). Make them with [KeyFile].
type Keys struct{ ring *seal.Ring }

// KeyFile reads the keys in a file, or creates the file (mode 0600) with a new key where there is none.
// Whoever loses the file must have every portal installed and every account connected anew, so back it up,
// but not beside the database: together they are as good as plain text.
func KeyFile(path string) (*Keys, error) {
	ring, err := seal.KeyFile(path)
	if err != nil {
		return nil, err
	}
	return &Keys{ring: ring}, nil
}

// RotateKeyFile puts a new key before the others in a key file and returns them all. The new key seals from then on;
// [Store.Rewrap] has it seal what is stored already. It is for a database that one process uses, which is then started
// anew. For several processes see the section on changing keys at the top.
func RotateKeyFile(path string) (*Keys, error) {
	ring, err := seal.RotateKeyFile(path)
	if err != nil {
		return nil, err
	}
	return &Keys{ring: ring}, nil
}

const (
	keyCheckName  = "key check"
	keyCheckOwner = "sqlstore key check"
)

// checkKeys finds out at once that the key file belongs to another database, rather than at the first token.
func (s *Store) checkKeys(ctx context.Context) error {
	return s.write.transaction(ctx, func(c *session) error {
		var sealed []byte
		err := c.get(`SELECT value FROM @values WHERE name = ?1`, []any{keyCheckName}, &sealed)
		if errors.Is(err, bridge.ErrNotFound) {
			if sealed, err = s.keys.ring.Seal([]byte(keyCheckName), keyCheckOwner); err != nil {
				return err
			}
			return c.remember(keyCheckName, string(sealed))
		}
		if err != nil {
			return err
		}
		if _, err := s.keys.ring.Open(sealed, keyCheckOwner); err != nil {
			return fmt.Errorf("sqlstore: the key file does not belong to this database; use the file it was created with: %w", err)
		}
		return nil
	})
}
