package seal_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/customchannels/customchannels-go/internal/seal"
	"github.com/google/go-cmp/cmp"
)

const owner = "token/client-1/24681012"

func newRing(t testing.TB, keys ...seal.Key) *seal.Ring {
	t.Helper()
	ring, err := seal.NewRing(keys...)
	if err != nil {
		t.Fatal(err)
	}
	return ring
}

func mustSeal(t testing.TB, ring *seal.Ring, plain string) []byte {
	t.Helper()
	sealed, err := ring.Seal([]byte(plain), owner)
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

func TestSealAndOpen(t *testing.T) {
	ring := newRing(t, seal.NewKey())
	for _, plain := range []string{"", "x", "a refresh token", strings.Repeat("long ", 10_000)} {
		sealed := mustSeal(t, ring, plain)
		if len(plain) > 1 && bytes.Contains(sealed, []byte(plain)) {
			t.Errorf("sealed bytes contain the plain text %.20q", plain)
		}
		got, err := ring.Open(sealed, owner)
		if err != nil {
			t.Fatalf("Open: %v", err)
		}
		if diff := cmp.Diff(plain, string(got)); diff != "" {
			t.Errorf("opened text (-want +got):\n%s", diff)
		}
	}
}

func TestSealDiffersEachTime(t *testing.T) {
	ring := newRing(t, seal.NewKey())
	if bytes.Equal(mustSeal(t, ring, "same"), mustSeal(t, ring, "same")) {
		t.Error("sealing twice gave the same bytes, so the nonce is not random")
	}
}

func TestOpenRefuses(t *testing.T) {
	key := seal.NewKey()
	ring := newRing(t, key)
	sealed := mustSeal(t, ring, "secret")
	other := newRing(t, seal.NewKey())
	// The same id with another secret: a key file that was written anew by hand.
	impostor := newRing(t, seal.Key{ID: key.ID, Secret: seal.NewKey().Secret})

	tests := []struct {
		name   string
		ring   *seal.Ring
		sealed []byte
		owner  string
		want   error
	}{
		{"another owner", ring, sealed, owner + "3", seal.ErrTampered},
		{"key not in the ring", other, sealed, owner, seal.ErrUnknownKey},
		{"wrong secret under the right id", impostor, sealed, owner, seal.ErrTampered},
		{"plain text", ring, []byte("a refresh token in the clear"), owner, seal.ErrTampered},
		{"nothing", ring, nil, owner, seal.ErrTampered},
		{"one byte", ring, sealed[:1], owner, seal.ErrTampered},
		{"header only", ring, sealed[:2+len(key.ID)], owner, seal.ErrTampered},
		{"cut short", ring, sealed[:len(sealed)-1], owner, seal.ErrTampered},
		{"one byte more", ring, append(bytes.Clone(sealed), 0), owner, seal.ErrTampered},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := tt.ring.Open(tt.sealed, tt.owner); !errors.Is(err, tt.want) {
				t.Errorf("Open = %v, want %v", err, tt.want)
			}
			if _, _, err := tt.ring.Rewrap(tt.sealed, tt.owner); !errors.Is(err, tt.want) {
				t.Errorf("Rewrap = %v, want %v", err, tt.want)
			}
		})
	}
}

func TestOpenRefusesEveryFlippedBit(t *testing.T) {
	ring := newRing(t, seal.NewKey())
	sealed := mustSeal(t, ring, "secret")
	for i := range len(sealed) * 8 {
		flipped := bytes.Clone(sealed)
		flipped[i/8] ^= 1 << (i % 8)
		if _, err := ring.Open(flipped, owner); err == nil {
			t.Errorf("opened in spite of bit %d of byte %d", i%8, i/8)
		}
	}
}

func TestOwnerIsRequired(t *testing.T) {
	ring := newRing(t, seal.NewKey())
	if _, err := ring.Seal([]byte("x"), ""); err == nil {
		t.Error("Seal took an empty owner")
	}
	if _, err := ring.Open(mustSeal(t, ring, "x"), ""); err == nil {
		t.Error("Open took an empty owner")
	}
}

func TestRotation(t *testing.T) {
	oldKey, newKey := seal.NewKey(), seal.NewKey()
	sealed := mustSeal(t, newRing(t, oldKey), "secret")
	both := newRing(t, newKey, oldKey)

	rewrapped, changed, err := both.Rewrap(sealed, owner)
	if err != nil || !changed {
		t.Fatalf("Rewrap = changed %v, %v; want a change", changed, err)
	}
	got, err := newRing(t, newKey).Open(rewrapped, owner)
	if err != nil || string(got) != "secret" {
		t.Errorf("the new key alone opens it as %q, %v", got, err)
	}
	again, changed, err := both.Rewrap(rewrapped, owner)
	if err != nil || changed || !bytes.Equal(again, rewrapped) {
		t.Errorf("Rewrap of the rewrapped = changed %v, %v; want it as it was", changed, err)
	}
}

func TestNewRingRefuses(t *testing.T) {
	good := seal.NewKey()
	tests := []struct {
		name string
		keys []seal.Key
	}{
		{"no key", nil},
		{"zero key", []seal.Key{{}}},
		{"no id", []seal.Key{{Secret: good.Secret}}},
		{"id with a space", []seal.Key{{ID: "a b", Secret: good.Secret}}},
		{"long id", []seal.Key{{ID: strings.Repeat("a", 33), Secret: good.Secret}}},
		{"short secret", []seal.Key{{ID: "a", Secret: good.Secret[:16]}}},
		{"secret of zeros", []seal.Key{{ID: "a", Secret: make([]byte, 32)}}},
		{"same id twice", []seal.Key{good, {ID: good.ID, Secret: seal.NewKey().Secret}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := seal.NewRing(tt.keys...); err == nil {
				t.Error("NewRing took it")
			}
		})
	}
}

func TestNothingPrintsTheSecret(t *testing.T) {
	key := seal.Key{ID: "k1", Secret: []byte("0123456789abcdefghijklmnopqrstuv")}
	ring := newRing(t, key)
	var out bytes.Buffer
	for _, v := range []any{key, &key, []seal.Key{key}, ring, struct{ K seal.Key }{key}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
		_ = json.NewEncoder(&out).Encode(v)
		slog.New(slog.NewTextHandler(&out, nil)).Info("m", "v", v)
		slog.New(slog.NewJSONHandler(&out, nil)).Info("m", "v", v)
	}
	for _, secret := range []string{"0123456789", "30313233", "MDEyMzQ1", "48 49 50", "0x30, 0x31"} {
		if strings.Contains(out.String(), secret) {
			t.Errorf("the secret shows, as %s, in:\n%s", secret, &out)
		}
	}
}

func FuzzOpen(f *testing.F) {
	key := seal.Key{ID: "k1", Secret: []byte("0123456789abcdefghijklmnopqrstuv")}
	ring := newRing(f, key)
	f.Add(mustSeal(f, ring, "secret"), owner)
	f.Add([]byte{1, 2, 'k', '1'}, owner)
	f.Add([]byte{1, 255}, owner)
	f.Add([]byte{}, "")
	f.Fuzz(func(t *testing.T, sealed []byte, owner string) {
		plain, err := ring.Open(sealed, owner)
		if err != nil {
			return
		}
		// Only what this key sealed opens, and then both ways agree.
		again, changed, err := ring.Rewrap(sealed, owner)
		if err != nil || changed || !bytes.Equal(again, sealed) {
			t.Errorf("Open succeeded with %q, but Rewrap = changed %v, %v", plain, changed, err)
		}
	})
}
