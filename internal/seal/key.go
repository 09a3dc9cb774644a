package seal

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"strings"
)

const (
	secretSize = 32 // AES-256
	maxKeyID   = 32
)

// A Key is one named AES-256 key. Printing it in any form shows the ID only.
type Key struct {
	// ID names the key inside sealed bytes: 1 to 32 letters, digits, '-' or '_'. It is not secret, and must never be
	// given to another Secret.
	ID string
	// Secret is the key itself: 32 random bytes.
	Secret []byte
}

// NewKey returns a random key with a random ID.
func NewKey() Key {
	var id [4]byte
	secret := make([]byte, secretSize)
	rand.Read(id[:]) // never fails
	rand.Read(secret)
	return Key{ID: hex.EncodeToString(id[:]), Secret: secret}
}

func (k Key) validate() error {
	switch {
	case !validID(k.ID):
		return fmt.Errorf("seal: key id %q is not 1 to %d letters, digits, '-' or '_'", k.ID, maxKeyID)
	case len(k.Secret) != secretSize:
		return fmt.Errorf("seal: the secret of key %s has %d bytes, not %d", k.ID, len(k.Secret), secretSize)
	case bytes.Count(k.Secret, k.Secret[:1]) == secretSize:
		// A buffer that was never filled, or a placeholder.
		return fmt.Errorf("seal: the secret of key %s is one byte repeated, not random", k.ID)
	}
	return nil
}

func validID(id string) bool {
	if id == "" || len(id) > maxKeyID {
		return false
	}
	for _, c := range []byte(id) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_':
		default:
			return false
		}
	}
	return true
}

// line is the key as it stands in a key file.
func (k Key) line() string {
	return k.ID + " " + base64.StdEncoding.EncodeToString(k.Secret) + "\n"
}

// parseKey reads a line of a key file. Its errors never quote the line, which may hold a secret.
func parseKey(line string) (Key, error) {
	fields := strings.Fields(line)
	if len(fields) != 2 {
		return Key{}, errors.New("want a key id and a base64 secret, separated by a space")
	}
	secret, err := base64.StdEncoding.DecodeString(fields[1])
	if err != nil {
		return Key{}, errors.New("the secret is not base64")
	}
	if !validID(fields[0]) {
		return Key{}, errors.New("the key id has characters other than letters, digits, '-' and '_', or is too long")
	}
	return Key{ID: fields[0], Secret: secret}, nil
}

// String returns the key's ID, marked as a key.
func (k Key) String() string { return "seal.Key(" + k.ID + ")" }

// GoString is String, so that %#v shows no secret either.
func (k Key) GoString() string { return k.String() }

// Format writes String for every verb, also those that would print the fields.
func (k Key) Format(f fmt.State, _ rune) { fmt.Fprint(f, k.String()) }

// LogValue implements [slog.LogValuer].
func (k Key) LogValue() slog.Value { return slog.StringValue(k.String()) }

// MarshalText makes encoding/json and its kin print String; a key is written to a file only by this package.
func (k Key) MarshalText() ([]byte, error) { return []byte(k.String()), nil }
