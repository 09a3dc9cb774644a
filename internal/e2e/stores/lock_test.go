package stores

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/customchannels/customchannels-go/channels/bridge"
)

// Two bridges on one SQLite file would send every message twice.
func TestSQLiteOneBridge(t *testing.T) {
	d := newDatabase(t)
	first, second := openStore(t, d), openStore(t, d)
	node := mustJoin(t, first)
	mustAccept(t, second, storedWork("a")) // other programs may use the file beside the bridge

	if _, err := second.Join(t.Context(), storeChannel); !errors.Is(err, bridge.ErrStoreInUse) {
		t.Fatalf("a second Join got %v, want ErrStoreInUse", err)
	}
	other, err := first.Join(t.Context(), "1002") // another channel of the same program
	must(t, err)
	if n := len(mustClaim(t, first, node, 10)); n != 1 {
		t.Errorf("%d items were claimed, want 1", n)
	}
	must(t, first.Leave(t.Context(), node))
	if _, err := second.Join(t.Context(), storeChannel); !errors.Is(err, bridge.ErrStoreInUse) {
		t.Fatalf("Join while the other channel runs got %v, want ErrStoreInUse", err)
	}
	must(t, first.Leave(t.Context(), other))
	node = mustJoin(t, second)
	if n := len(mustClaim(t, second, node, 10)); n != 1 {
		t.Errorf("%d items were claimed of what was handed back, want 1", n)
	}
}

// holderEnv names the database to the process that TestSQLiteKilledBridge kills.
const holderEnv = "E2E_STORE_HOLDER"

// Whatever ends a process ends its hold on the file.
func TestSQLiteKilledBridge(t *testing.T) {
	d := newDatabase(t)
	s := openStore(t, d)
	mustAccept(t, s, storedWork("a"))

	holder := exec.Command(os.Args[0], "-test.run=^TestStoreHolder$")
	holder.Env = append(os.Environ(), holderEnv+"="+d.file)
	in, err := holder.StdinPipe()
	must(t, err)
	defer in.Close()
	out, err := holder.StdoutPipe()
	must(t, err)
	must(t, holder.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || line != "claimed 1\n" {
		t.Fatalf("the other process said %q (%v)", line, err)
	}
	if _, err := s.Join(t.Context(), storeChannel); !errors.Is(err, bridge.ErrStoreInUse) {
		t.Errorf("Join beside another process got %v, want ErrStoreInUse", err)
	}
	must(t, holder.Process.Kill())
	_ = holder.Wait() // killed

	claimed := mustClaim(t, s, mustJoin(t, s), 10)
	if len(claimed) != 1 || claimed[0].Attempt != 2 {
		t.Errorf("claimed %v after the kill, want the second attempt of one item", claimed)
	}
}

// TestStoreHolder is no test but the process that is killed: it runs only where the environment asks for it.
func TestStoreHolder(t *testing.T) {
	file := os.Getenv(holderEnv)
	if file == "" {
		return
	}
	d := database{file, file[:len(file)-len("db")] + "keys"}
	s := openStore(t, d)
	fmt.Println("claimed", len(mustClaim(t, s, mustJoin(t, s), 10)))
	_, _ = io.ReadAll(os.Stdin) // until it is killed
}

// The refresh that a bridge was killed in holds up none of the next bridge.
func TestSQLiteKilledRefresh(t *testing.T) {
	s := openStore(t, newDatabase(t))
	lock := func(holder string) bool {
		t.Helper()
		locked, err := s.LockRefresh(t.Context(), "client", 7, holder, time.Minute)
		must(t, err)
		return locked
	}
	if !lock("killed") || lock("other") {
		t.Fatal("the lock of a refresh does not lock")
	}
	mustJoin(t, s)
	if !lock("next") {
		t.Error("the next bridge waits for a refresh that nobody is in")
	}
}
