package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"fmt"
	"log/slog"
	"strings"
)

var (
	// ErrUnknownKey means that the value was sealed by a key which the ring does not hold: the wrong key file, or a
	// key that was removed before everything was rewrapped.
	ErrUnknownKey = errors.New("seal: sealed by a key that is not in the key ring")

	// ErrTampered means that the bytes are not what was sealed for this owner: changed, cut short, moved from another
	// owner, or never sealed at all.
	ErrTampered = errors.New("seal: not the bytes that were sealed for this owner")

	errNoOwner = errors.New("seal: the owner is empty")
	errNoKey   = errors.New("seal: a key ring needs at least one key")
)

// format is the first byte of everything sealed. What follows is the length of the key's id, the id, a random nonce of
// 12 bytes, and the ciphertext with its tag of 16.
const format = 1

// A Ring seals with its first key and opens with any. It is safe for concurrent use. NewRing makes one.
//
// Nonces are random, which is safe for 2^32 values per key. Rotate long before that: at one refresh each 25 minutes,
// 10,000 portals take 20 years.
type Ring struct {
	keys []ringKey
}

type ringKey struct {
	id   string
	aead cipher.AEAD
}

// NewRing returns a ring of the given keys. The first one seals. It fails when there is none, when a key is malformed
// or when two have the same ID.
func NewRing(keys ...Key) (*Ring, error) {
	if len(keys) == 0 {
		return nil, errNoKey
	}
	r := &Ring{keys: make([]ringKey, 0, len(keys))}
	for _, k := range keys {
		if err := k.validate(); err != nil {
			return nil, err
		}
		if r.aead(k.ID) != nil {
			return nil, fmt.Errorf("seal: two keys have the id %s", k.ID)
		}
		block, err := aes.NewCipher(k.Secret)
		if err != nil {
			return nil, fmt.Errorf("seal: key %s: %w", k.ID, err)
		}
		aead, err := cipher.NewGCMWithRandomNonce(block)
		if err != nil {
			return nil, fmt.Errorf("seal: key %s: %w", k.ID, err)
		}
		r.keys = append(r.keys, ringKey{id: k.ID, aead: aead})
	}
	return r, nil
}

func (r *Ring) aead(id string) cipher.AEAD {
	for _, k := range r.keys {
		if k.id == id {
			return k.aead
		}
	}
	return nil
}

// Seal encrypts plain for owner with the first key. The result is about 45 bytes longer than plain, and differs each
// time. The owner is not kept in it.
func (r *Ring) Seal(plain []byte, owner string) ([]byte, error) {
	if owner == "" {
		return nil, errNoOwner
	}
	if len(r.keys) == 0 {
		return nil, errNoKey
	}
	k := r.keys[0]
	out := make([]byte, 0, 2+len(k.id)+len(plain)+k.aead.Overhead())
	out = append(out, format, byte(len(k.id)))
	out = append(out, k.id...)
	return k.aead.Seal(out, nil, plain, associated(out, owner)), nil
}

// Open decrypts what Seal made for the same owner. It fails with [ErrUnknownKey] or [ErrTampered].
func (r *Ring) Open(sealed []byte, owner string) ([]byte, error) {
	plain, _, err := r.open(sealed, owner)
	return plain, err
}

// Rewrap opens sealed and, unless the first key made it, seals it anew with that key. It reports whether the result
// differs from the input, which is what has to be stored then.
func (r *Ring) Rewrap(sealed []byte, owner string) (rewrapped []byte, changed bool, err error) {
	plain, id, err := r.open(sealed, owner)
	if err != nil {
		return nil, false, err
	}
	if id == r.keys[0].id {
		return sealed, false, nil
	}
	rewrapped, err = r.Seal(plain, owner)
	return rewrapped, err == nil, err
}

func (r *Ring) open(sealed []byte, owner string) (plain []byte, id string, err error) {
	if owner == "" {
		return nil, "", errNoOwner
	}
	if len(sealed) < 2 || sealed[0] != format || len(sealed) < 2+int(sealed[1]) {
		return nil, "", fmt.Errorf("%w: no such format", ErrTampered)
	}
	header := sealed[:2+int(sealed[1])]
	id = string(header[2:])
	if !validID(id) {
		return nil, "", fmt.Errorf("%w: no such format", ErrTampered)
	}
	aead := r.aead(id)
	if aead == nil {
		return nil, "", fmt.Errorf("%w: it names key %s, the ring holds %s", ErrUnknownKey, id, r.ids())
	}
	plain, err = aead.Open(nil, nil, sealed[len(header):], associated(header, owner))
	if err != nil {
		return nil, "", fmt.Errorf("%w: key %s does not open it", ErrTampered, id)
	}
	return plain, id, nil
}

// associated binds the ciphertext to its header and owner. The header tells its own length, so no two pairs of header
// and owner give the same bytes.
func associated(header []byte, owner string) []byte {
	return append(header[:len(header):len(header)], owner...)
}

func (r *Ring) ids() string {
	ids := make([]string, len(r.keys))
	for i, k := range r.keys {
		ids[i] = k.id
	}
	return strings.Join(ids, ", ")
}

// String returns the IDs of the ring's keys.
func (r *Ring) String() string { return "seal.Ring(" + r.ids() + ")" }

// GoString is String, so that %#v shows no expanded key.
func (r *Ring) GoString() string { return r.String() }

// Format writes String for every verb, also those that would print the fields.
func (r *Ring) Format(f fmt.State, _ rune) { fmt.Fprint(f, r.String()) }

// LogValue implements [slog.LogValuer].
func (r *Ring) LogValue() slog.Value { return slog.StringValue(r.String()) }
