package oauthtest

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/channels/hubspottest"
	"github.com/customchannels/customchannels-go/internal/e2e/pgtest"
	"github.com/customchannels/customchannels-go/oauth"
)

// TestNoSecretInADump reads the database as a thief of its files or of a backup would.
func TestNoSecretInADump(t *testing.T) {
	onEach(t, func(t *testing.T, d database) {
		store := d.store(t)
		w := newWorld(t, hubspottest.Readings{}, func(a *oauth.App) { a.Tokens = store })
		secrets := map[string]string{"client secret": w.app.ClientSecret, "credentials": "4839574812:AAFD39kkdpWt3ywyRZergyOLMaJhac60qc"}
		for _, line := range strings.Split(string(must(os.ReadFile(d.KeyFile))), "\n") {
			if fields := strings.Fields(line); len(fields) == 2 && fields[0] != "#" {
				secrets["key "+fields[0]] = string(must(base64.StdEncoding.DecodeString(fields[1])))
			}
		}
		end := w.decide("/install", "allow")
		secrets["code"], secrets["state"] = end.url.Query().Get("code"), end.url.Query().Get("state")
		keep := func(when string) {
			token := w.stored().Token
			secrets["access token "+when], secrets["refresh token "+when] = token.AccessToken, token.RefreshToken
		}
		keep("of the install")
		expire(t, store, w.app.ClientID)
		w.app = w.newApp()
		w.token()
		keep("of the refresh")
		_, err := store.SaveAccount(t.Context(), &bridge.Account{
			Channel: "7", ID: "12", Portal: portalID, Name: "Robin's phone", Identifier: channels.Opaque("robin"),
			Credentials: []byte(secrets["credentials"]), Active: true,
		})
		if err != nil {
			t.Fatal(err)
		}

		dump := d.dump(t)
		for _, known := range []string{w.app.ClientID, "Robin's phone"} {
			if !contains(dump, known) {
				t.Fatalf("the dump lacks %q, which is stored in the clear: this search finds nothing", known)
			}
		}
		for name, secret := range secrets {
			if len(secret) < 16 {
				t.Fatalf("%s is %q, which is not a secret", name, secret)
			}
			if contains(dump, secret) {
				t.Errorf("the dump has the %s", name)
			}
			if strings.Contains(w.log.String(), secret) {
				t.Errorf("the log has the %s", name)
			}
		}
		t.Logf("searched %d bytes for %d secrets", len(dump), len(secrets))
	})
}

// dump returns all that is at rest: the output of pg_dump, or the bytes of SQLite's files.
func (d database) dump(t *testing.T) []byte {
	t.Helper()
	if d.file == "" {
		return pgtest.Dump(t, d.URL)
	}
	files, err := filepath.Glob(d.file + "*")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 2 {
		t.Fatalf("the files are %q, want one with the latest changes (WAL) too", files)
	}
	var all []byte
	for _, f := range files {
		all = append(all, must(os.ReadFile(f))...)
	}
	return all
}

// contains finds s in a form that databases and encoders give it.
func contains(dump []byte, s string) bool {
	forms := []string{
		s, hex.EncodeToString([]byte(s)), strings.ToUpper(hex.EncodeToString([]byte(s))),
		strings.TrimRight(base64.StdEncoding.EncodeToString([]byte(s)), "="), base64.RawURLEncoding.EncodeToString([]byte(s)),
	}
	for _, form := range forms {
		if bytes.Contains(dump, []byte(form)) {
			return true
		}
	}
	return false
}
