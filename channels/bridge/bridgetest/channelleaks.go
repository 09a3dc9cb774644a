package bridgetest

import (
	"bytes"
	"context"
	"fmt"
	"runtime/pprof"
	"strconv"
	"strings"
	"testing"
	"time"
)

const goroutineLabel = "bridgetest"

// traceGoroutines reports goroutines that live on when the test and what it opened have ended. Goroutines inherit labels, so
// that those of other tests in this process are not taken for this one's.
func traceGoroutines(t *testing.T, patience time.Duration) (label string) {
	t.Helper()
	label = fmt.Sprintf("%s %p", t.Name(), t) // the name alone would be that of an earlier run too
	setLabel(label)
	t.Cleanup(func() { // after those of what the test opens
		clearLabel()
		if t.Failed() {
			return // what is stuck has been reported
		}
		left := goroutines(label)
		for end := time.Now().Add(patience); len(left) > 0 && time.Now().Before(end); left = goroutines(label) {
			time.Sleep(time.Millisecond)
		}
		if len(left) > 0 {
			t.Errorf("Goroutines are left:\n\n%s\n\nThe rule: what a channel starts ends when the call ends or, if it was started "+
				"by the function that opened the channel, in its t.Cleanup; nobody else ever stops it.", strings.Join(left, "\n\n"))
		}
	})
	return label
}

func setLabel(label string) {
	pprof.SetGoroutineLabels(pprof.WithLabels(context.Background(), pprof.Labels(goroutineLabel, label)))
}

func clearLabel() { pprof.SetGoroutineLabels(context.Background()) }

// unlabelled calls what belongs to the messaging service, whose goroutines are not the channel's.
func unlabelled(label string, f func()) {
	clearLabel()
	defer setLabel(label)
	f()
}

// goroutines returns the stacks of the goroutines that carry a label.
func goroutines(label string) []string {
	var profile bytes.Buffer
	if err := pprof.Lookup("goroutine").WriteTo(&profile, 1); err != nil {
		return []string{err.Error()}
	}
	var stacks []string
	for stack := range strings.SplitSeq(profile.String(), "\n\n") {
		if strings.Contains(stack, strconv.Quote(goroutineLabel)+":"+strconv.Quote(label)) && !idle(stack) {
			stacks = append(stacks, frames(stack))
		}
	}
	return stacks
}

// frames leaves out the addresses and labels in front of a stack.
func frames(stack string) string {
	_, after, ok := strings.Cut(stack, "}\n")
	if !ok {
		return stack
	}
	return strings.TrimSpace(after)
}

// idle reports whether a goroutine only keeps a connection for later, which net/http closes when it is not used, or when the
// server at its other end is closed.
func idle(stack string) bool {
	for _, waits := range []string{"net/http.(*persistConn)", "net/http.(*http2clientConnReadLoop)", "net/http.(*connReader).backgroundRead"} {
		if strings.Contains(stack, waits) {
			return true
		}
	}
	return strings.Contains(stack, "net/http.(*conn).serve") && !strings.Contains(stack, "ServeHTTP")
}
