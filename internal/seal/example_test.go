package seal_test

import (
	"errors"
	"fmt"

	"github.com/customchannels/customchannels-go/internal/seal"
)

func Example() {
	ring, err := seal.NewRing(seal.NewKey())
	if err != nil {
		fmt.Println(err)
		return
	}
	sealed, err := ring.Seal([]byte("a refresh token"), "token/24681012")
	if err != nil {
		fmt.Println(err)
		return
	}
	plain, err := ring.Open(sealed, "token/24681012")
	fmt.Println(string(plain), err)

	_, err = ring.Open(sealed, "token/13579")
	fmt.Println(errors.Is(err, seal.ErrTampered))
	// Output:
	// a refresh token <nil>
	// true
}
