package rest_test

import (
	"context"
	"fmt"
	"time"

	"github.com/customchannels/customchannels-go/internal/rest"
)

func ExampleLimiter_Acquire() {
	l := rest.NewLimiter(2, time.Hour)
	for range 3 {
		delay, err := l.Acquire(context.Background(), true)
		fmt.Println(delay > 0, err)
	}
	// Output:
	// false <nil>
	// false <nil>
	// true <nil>
}
