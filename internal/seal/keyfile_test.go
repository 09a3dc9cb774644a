package seal_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/customchannels/customchannels-go/internal/seal"
	"github.com/google/go-cmp/cmp"
)

func writeFile(t *testing.T, mode fs.FileMode, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "keys")
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestKeyFileIsMadeOnce(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "keys")
	if _, err := seal.ReadKeyFile(path); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("ReadKeyFile = %v, want fs.ErrNotExist", err)
	}
	made, err := seal.KeyFile(path)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode %o, want 600", info.Mode().Perm())
	}
	sealed := mustSeal(t, made, "secret")
	read, err := seal.KeyFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := read.Open(sealed, owner); err != nil || string(got) != "secret" {
		t.Errorf("after reading it again, Open = %q, %v", got, err)
	}
	if _, err := seal.CreateKeyFile(path); !errors.Is(err, fs.ErrExist) {
		t.Errorf("CreateKeyFile over a file = %v, want fs.ErrExist", err)
	}
	wantFiles(t, dir, "keys")
}

func TestKeyFileAtOnce(t *testing.T) {
	dir := t.TempDir()
	rings := make([]*seal.Ring, 16)
	var wg sync.WaitGroup
	for i := range rings {
		wg.Go(func() {
			var err error
			if rings[i], err = seal.KeyFile(filepath.Join(dir, "keys")); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if t.Failed() {
		return
	}
	for _, ring := range rings[1:] {
		if diff := cmp.Diff(rings[0].String(), ring.String()); diff != "" {
			t.Errorf("two processes have different keys (-one +other):\n%s", diff)
		}
	}
	wantFiles(t, dir, "keys")
}

func TestRotateKeyFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "keys")
	before, err := seal.CreateKeyFile(path)
	if err != nil {
		t.Fatal(err)
	}
	sealed := mustSeal(t, before, "secret")
	after, err := seal.RotateKeyFile(path)
	if err != nil {
		t.Fatal(err)
	}
	rewrapped, changed, err := after.Rewrap(sealed, owner)
	if err != nil || !changed {
		t.Fatalf("Rewrap = changed %v, %v; want a change", changed, err)
	}
	if _, err := before.Open(rewrapped, owner); !errors.Is(err, seal.ErrUnknownKey) {
		t.Errorf("the old key opens what the new one sealed: %v", err)
	}
	read, err := seal.ReadKeyFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := read.Open(rewrapped, owner); err != nil || string(got) != "secret" {
		t.Errorf("after reading the file again, Open = %q, %v", got, err)
	}
	wantFiles(t, dir, "keys")
}

func TestReadKeyFile(t *testing.T) {
	const secret = "MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1ub3BxcnN0dXY="
	tests := []struct {
		name string
		mode fs.FileMode
		text string
		want string // part of the error, empty if it is read
	}{
		{"comments, empty lines and CRLF", 0o600, "# old\r\n\r\n k1 \t" + secret + "\r\n", ""},
		{"read-only", 0o400, "k1 " + secret, ""},
		{"readable by others", 0o644, "k1 " + secret, "chmod 600"},
		{"writable by the group", 0o620, "k1 " + secret, "chmod 600"},
		{"empty", 0o600, "", "at least one key"},
		{"comments only", 0o600, "# nothing\n", "at least one key"},
		{"no id", 0o600, "# a comment\n" + secret, "line 2"},
		{"not base64", 0o600, "k1 " + secret + "!", "line 1: the secret is not base64"},
		{"bad id", 0o600, "k/1 " + secret, "line 1: the key id"},
		{"short secret", 0o600, "k1 MDEyMzQ1", "has 6 bytes, not 32"},
		{"same id twice", 0o600, "k1 " + secret + "\nk1 " + secret, "two keys"},
		{"huge", 0o600, strings.Repeat("# padding\n", 10_000), "not a key file"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := writeFile(t, 0o600, tt.text)
			if err := os.Chmod(path, tt.mode); err != nil { // past the umask
				t.Fatal(err)
			}
			_, err := seal.ReadKeyFile(path)
			switch {
			case tt.want == "" && err != nil:
				t.Errorf("ReadKeyFile: %v", err)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("ReadKeyFile = %v, want an error with %q", err, tt.want)
			case err != nil && strings.Contains(err.Error(), secret[:8]):
				t.Errorf("the error shows the secret: %v", err)
			case err != nil && !strings.Contains(err.Error(), path):
				t.Errorf("the error does not name the file: %v", err)
			}
		})
	}
}

func TestReadKeyFileRefusesADirectory(t *testing.T) {
	if _, err := seal.ReadKeyFile(t.TempDir()); err == nil {
		t.Error("ReadKeyFile took a directory")
	}
}

// wantFiles checks that nothing else, such as a temporary file, was left behind.
func wantFiles(t *testing.T, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}
