package seal_test

import (
	"errors"
	"testing"

	"github.com/customchannels/customchannels-go/internal/seal"
)

func TestDerived(t *testing.T) {
	derived := func(purpose string, secrets ...string) *seal.Ring {
		ring, err := seal.Derived(purpose, secrets...)
		if err != nil {
			t.Fatal(err)
		}
		return ring
	}
	sealed := mustSeal(t, derived("popup", "old"), "value")
	for _, test := range []struct {
		name string
		ring *seal.Ring
		want error
	}{
		{"the same secret", derived("popup", "old"), nil},
		{"after a rotation", derived("popup", "new", "", "old", "old"), nil},
		{"without the old secret", derived("popup", "new"), seal.ErrUnknownKey},
		{"for another purpose", derived("install", "old"), seal.ErrUnknownKey},
	} {
		plain, err := test.ring.Open(sealed, owner)
		if !errors.Is(err, test.want) || test.want == nil && string(plain) != "value" {
			t.Errorf("%s: %q, %v, want %v", test.name, plain, err, test.want)
		}
	}
	if _, err := seal.Derived("popup", "", " "); err == nil {
		t.Error("a ring was made of blank secrets")
	}
}
