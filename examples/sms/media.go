package main

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/customchannels/customchannels-go/channels/bridge"
)

// Open implements [bridge.MediaOpener]: it fetches a customer's file from the service. Anything else than the service's own
// addresses would make this app fetch what others want, with the account's token.
func (c *smsChannel) Open(ctx context.Context, account *bridge.Account, ref string) (*bridge.OpenedMedia, error) {
	as, err := credentialsOf(account)
	if err != nil {
		return nil, err
	}
	if !strings.HasPrefix(ref, c.api.base+"/") {
		return nil, bridge.Reject("The file is not at the SMS service.", nil)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, ref, nil)
	if err != nil {
		return nil, bridge.Reject("The file's address is not valid.", err)
	}
	resp, err := c.api.do(req, as)
	if isStatus(err, http.StatusNotFound) {
		return nil, bridge.Reject("The SMS service has deleted the file.", err)
	}
	if err != nil {
		return nil, c.verdict(err)
	}
	return &bridge.OpenedMedia{Body: resp.Body, Size: max(resp.ContentLength, 0)}, nil
}

const (
	filesPath = "/sms/files/"

	// keepFiles is how long the service may take to fetch a file.
	keepFiles = 24 * time.Hour
)

// outbox keeps agents' files where the service can fetch them, since it takes addresses and no content. Nodes that share a
// database have to share the directory too.
type outbox struct {
	root *os.Root
	url  string // where the service reaches filesPath
	key  []byte // makes addresses that nobody can guess, and that stay the same
	now  func() time.Time
	log  *slog.Logger
}

// openOutbox keeps the files in dir, and the key beside it.
func openOutbox(dir, url string, now func() time.Time, log *slog.Logger) (*outbox, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	key, err := os.ReadFile(dir + ".key")
	if errors.Is(err, fs.ErrNotExist) {
		key = []byte(rand.Text())
		err = os.WriteFile(dir+".key", key, 0o600)
	}
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	return &outbox{root: root, url: url, key: key, now: now, log: log}, nil
}

// keep stores file number n of a message and returns its address. A message that is sent again has the same addresses.
func (o *outbox) keep(ctx context.Context, message string, n int, f *bridge.OutgoingMedia) (address string, err error) {
	content, err := f.Open(ctx)
	if err != nil {
		return "", err
	}
	defer content.Close()
	mac := hmac.New(sha256.New, o.key)
	fmt.Fprintf(mac, "%s/%d", message, n)
	dir := hex.EncodeToString(mac.Sum(nil))
	if err := o.root.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", err
	}
	file, err := o.root.OpenFile(dir+"/"+f.Name, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return "", err
	}
	_, err = io.Copy(file, content)
	return o.url + filesPath + dir + "/" + url.PathEscape(f.Name), errors.Join(err, file.Close())
}

// ServeHTTP hands out a file to whoever knows its address.
func (o *outbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	dir, name := r.PathValue("dir"), r.PathValue("name")
	if strings.Contains(dir+name, "/") { // escaped in the address
		http.NotFound(w, r)
		return
	}
	f, err := o.root.Open(dir + "/" + name)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || info.IsDir() {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; sandbox") // an agent's HTML file is no page of this app
	http.ServeContent(w, r, name, info.ModTime(), f)
}

// sweep removes what the service has had time enough to fetch, now and every hour, until ctx ends.
func (o *outbox) sweep(ctx context.Context) error {
	ticker := time.NewTicker(time.Hour)
	defer ticker.Stop()
	for {
		if err := o.removeOld(); err != nil {
			o.log.Error("old files could not be removed", "error", err)
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return nil
		}
	}
}

func (o *outbox) removeOld() error {
	entries, err := fs.ReadDir(o.root.FS(), ".")
	if err != nil {
		return err
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !e.IsDir() || o.now().Sub(info.ModTime()) < keepFiles {
			continue
		}
		if err := o.root.RemoveAll(e.Name()); err != nil {
			return err
		}
	}
	return nil
}

func (o *outbox) close() error { return o.root.Close() }
