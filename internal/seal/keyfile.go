package seal

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// A key file is text: one key a line, its id and its base64 secret separated by a space. Empty lines and lines that
// begin with '#' are skipped. The first key seals.

const (
	maxKeyFile    = 64 << 10
	keyFileHeader = "# Keys that open the stored tokens and credentials. Keep a copy: without it they are lost.\n" +
		"# The first key seals, all of them open.\n"
)

// KeyFile reads the key file at path, or makes one with a fresh key if there is none. Several processes may do so at
// once: all of them end up with the same key.
func KeyFile(path string) (*Ring, error) {
	ring, err := ReadKeyFile(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return ring, err
	}
	ring, err = CreateKeyFile(path)
	if errors.Is(err, fs.ErrExist) {
		return ReadKeyFile(path)
	}
	return ring, err
}

// ReadKeyFile reads the key file at path. It fails with [fs.ErrNotExist] if there is none, and refuses a file that
// other users of the machine may read or write.
func ReadKeyFile(path string) (*Ring, error) {
	keys, err := readKeys(path)
	if err != nil {
		return nil, err
	}
	ring, err := NewRing(keys...)
	if err != nil {
		return nil, fmt.Errorf("seal: key file %s: %w", path, err)
	}
	return ring, nil
}

// CreateKeyFile makes a key file of mode 0600 with one fresh key. It appears at path whole or not at all. An existing
// file is never replaced: that fails with [fs.ErrExist].
func CreateKeyFile(path string) (*Ring, error) {
	key := NewKey()
	err := writeKeys(path, []Key{key}, func(temp string) error {
		return os.Link(temp, path) // unlike Rename, fails if path exists
	})
	if err != nil {
		return nil, fmt.Errorf("seal: creating key file: %w", err)
	}
	return NewRing(key)
}

// RotateKeyFile puts a fresh key before the others in the key file at path, and returns the new ring. The other keys
// stay, so that what they sealed can be opened and passed through [Ring.Rewrap]. Comments are not kept. With several
// nodes, see the package comment instead.
func RotateKeyFile(path string) (*Ring, error) {
	keys, err := readKeys(path)
	if err != nil {
		return nil, err
	}
	keys = append([]Key{NewKey()}, keys...)
	ring, err := NewRing(keys...)
	if err != nil {
		return nil, fmt.Errorf("seal: key file %s: %w", path, err)
	}
	err = writeKeys(path, keys, func(temp string) error { return os.Rename(temp, path) })
	if err != nil {
		return nil, fmt.Errorf("seal: rotating key file: %w", err)
	}
	return ring, nil
}

func readKeys(path string) ([]Key, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("seal: reading key file: %w", err)
	}
	defer f.Close()
	if err := checkKeyFile(f); err != nil {
		return nil, fmt.Errorf("seal: key file %s: %w", path, err)
	}
	var keys []Key
	lines := bufio.NewScanner(io.LimitReader(f, maxKeyFile))
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		key, err := parseKey(line)
		if err != nil {
			return nil, fmt.Errorf("seal: key file %s, line %d: %w", path, n, err)
		}
		keys = append(keys, key)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("seal: reading key file %s: %w", path, err)
	}
	return keys, nil
}

func checkKeyFile(f *os.File) error {
	info, err := f.Stat()
	switch {
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return errors.New("not a regular file")
	case info.Size() > maxKeyFile:
		return fmt.Errorf("larger than %d bytes, so not a key file", maxKeyFile)
	}
	// Windows has no such bits; Go reports 0666 there whatever the file's access list says.
	if mode := info.Mode().Perm(); mode&0o077 != 0 && runtime.GOOS != "windows" {
		return fmt.Errorf("other users may access it (mode %04o): run chmod 600, and consider its keys known to them", mode)
	}
	return nil
}

// writeKeys writes keys to a temporary file beside path, which place then moves there. A crash leaves at most the
// temporary file behind.
func writeKeys(path string, keys []Key, place func(temp string) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".keys-*") // of mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	text := keyFileHeader
	for _, k := range keys {
		text += k.line()
	}
	_, err = f.WriteString(text)
	err = errors.Join(err, f.Sync(), f.Close())
	if err != nil {
		return err
	}
	if err := place(f.Name()); err != nil {
		return err
	}
	syncDir(filepath.Dir(path))
	return nil
}

// syncDir makes the new directory entry survive a loss of power. It is best effort: not every system can sync a
// directory, and the file itself is safe by then.
func syncDir(dir string) {
	if d, err := os.Open(dir); err == nil {
		_ = d.Sync()
		_ = d.Close()
	}
}
