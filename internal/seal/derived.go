package seal

import (
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
)

// Derived returns a ring whose keys are made of secrets of any form and length, for one purpose: the same secrets make other
// keys for another. The first secret's seals. Blank secrets, which anyone could guess, and repeated ones are left out.
func Derived(purpose string, secrets ...string) (*Ring, error) {
	var keys []Key
	for _, secret := range secrets {
		if strings.TrimSpace(secret) == "" {
			continue
		}
		key, err := hkdf.Key(sha256.New, []byte(secret), nil, purpose, secretSize)
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(key)
		k := Key{ID: hex.EncodeToString(sum[:4]), Secret: key}
		if !slices.ContainsFunc(keys, func(other Key) bool { return other.ID == k.ID }) {
			keys = append(keys, k)
		}
	}
	return NewRing(keys...)
}
