package hubspottest_test

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/customchannels/customchannels-go/channels/hubspottest"
)

// restart is a bench on the state that another one stored.
func restart(t *testing.T, dir string, cfg hubspottest.Config) *bench {
	t.Helper()
	b := newBench(t, cfg)
	if err := b.Persist(dir); err != nil {
		t.Fatal(err)
	}
	return b
}

func TestRestart(t *testing.T) {
	dir := t.TempDir()
	s := &shop{bench: restart(t, dir, hubspottest.Config{})}
	code := s.authorize(portalID, "allow", allScopes...).Query().Get("code")
	tokens := s.send("POST", "/oauth/2026-09/token", s.grantForm("authorization_code", map[string][]string{"code": {code}, "redirect_uri": {redirectURL}}))
	s.token = tokens.text("access_token")
	s.channel = s.chatChannel(nil)
	s.account = s.bench.account(s.channel, "shop")
	gone := s.bench.account(s.channel, "gone")
	if err := s.DeleteAccount(gone); err != nil {
		t.Fatal(err)
	}
	file := s.upload("cat.png", png, nil).text("id")
	thread := s.want(s.publish(with(draft(s.account, "m1", "Hi"), object{"attachments": []object{{"type": "FILE", "fileId": file}}})), http.StatusCreated).
		text("conversationsThreadId")
	if _, err := s.Reply(thread, hubspottest.Reply{Text: "Hello", Files: []hubspottest.Upload{{Name: "a.png", Content: []byte("agent's")}}}); err != nil {
		t.Fatal(err)
	}
	before := s.Messages(thread)
	pending := s.PendingWebhooks()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}

	// Twice: what a start has written anew has to be readable too.
	for range 2 {
		next := &shop{bench: restart(t, dir, hubspottest.Config{}), channel: s.channel, account: s.account}
		next.token = s.token
		if next.ClientID() != s.ClientID() || next.ClientSecret() != s.ClientSecret() || next.DeveloperKey() != s.DeveloperKey() {
			t.Error("the credentials have changed")
		}
		if !next.Installed(portalID) || len(next.Channels()) != 1 || len(next.Accounts()) != 1 || next.PendingWebhooks() != pending {
			t.Errorf("installed %v, channels %v, accounts %v, %d pending", next.Installed(portalID), next.Channels(), next.Accounts(), next.PendingWebhooks())
		}
		diff(t, "messages", before, next.Messages(thread))
		next.want(next.publish(draft(s.account, "m1", "Hi")), http.StatusConflict)
		if got := next.call("GET", "/files/v3/files/"+file+"/download", nil); got.raw != png {
			t.Errorf("the file is %q", got.raw)
		}
		refresh := next.send("POST", "/oauth/2026-09/token", next.grantForm("refresh_token", map[string][]string{"refresh_token": {tokens.text("refresh_token")}}))
		next.want(refresh, http.StatusOK)
		next.bench.account(s.channel, "new "+refresh.text("access_token")) // with an id of its own
		if err := next.DeleteAccount(next.Accounts()[1].ID); err != nil {
			t.Fatal(err)
		}
		pending = next.PendingWebhooks()
		if err := next.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestPersistedMessageSurvivesACrash(t *testing.T) {
	dir := t.TempDir()
	s := &shop{bench: restart(t, dir, hubspottest.Config{})}
	s.token = s.install(portalID, allScopes...)
	s.channel = s.chatChannel(nil)
	s.account = s.bench.account(s.channel, "shop")
	thread := s.say("m1", "answered, so it is stored")

	// The process dies here, in the middle of writing another change.
	log := filepath.Join(dir, "hubspot.jsonl")
	f, err := os.OpenFile(log, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(`{"seq":999,"changes":[{"kind":"mess`); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	next := restart(t, dir, hubspottest.Config{})
	if got := next.Messages(thread); len(got) != 1 || got[0].Text != "answered, so it is stored" {
		t.Errorf("found %+v", got)
	}
	if info, err := os.Stat(log); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the stored state has mode %v, %v", info.Mode(), err)
	}
}

func TestPendingWebhooksSurvive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		cfg := hubspottest.Config{RetryDelays: []time.Duration{time.Minute}}
		s := &shop{bench: restart(t, dir, cfg)}
		s.token = s.install(portalID, allScopes...)
		s.channel = s.chatChannel(nil)
		s.account = s.bench.account(s.channel, "shop")
		thread := s.say("m1", "Hi")
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- s.Run(ctx) }() // there is no app: refused
		reply := func(text string) {
			if _, err := s.Reply(thread, hubspottest.Reply{Text: text}); err != nil {
				t.Error(err)
			}
			synctest.Wait()
		}
		reply("one")
		cancel()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		reply("two <&>") // not attempted
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}

		next := restart(t, dir, cfg)
		h := &hook{}
		next.run(h)
		start := time.Now()
		time.Sleep(2 * time.Minute)
		got := map[string]time.Duration{}
		for _, d := range h.all() {
			got[d.body["message"].(object)["text"].(string)] = d.at.Sub(start)
			if strings.Contains(d.raw, `\u00`) {
				t.Errorf("the stored body is not the one that was made: %s", d.raw)
			}
		}
		diff(t, "deliveries", map[string]time.Duration{"two <&>": 0, "one": time.Minute}, got)
	})
}

func TestPersistErrors(t *testing.T) {
	dir := t.TempDir()
	b := restart(t, dir, hubspottest.Config{ClientID: "chosen"})
	if err := b.Persist(dir); err == nil {
		t.Error("a second Persist is no error")
	}
	if b.ClientID() != "chosen" {
		t.Errorf("the client id is %q", b.ClientID())
	}
	for name, content := range map[string]string{
		"no JSON": "x\n", "newer version": `{"seq":1,"changes":[{"kind":"dream","id":"1","row":{}}]}` + "\n",
	} {
		bad := t.TempDir()
		if err := os.WriteFile(filepath.Join(bad, "hubspot.jsonl"), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := newBench(t, hubspottest.Config{}).Persist(bad); err == nil || !strings.Contains(err.Error(), "line 1") {
			t.Errorf("%s: got error %v", name, err)
		}
	}
	if err := newBench(t, hubspottest.Config{}).Persist(filepath.Join(dir, "hubspot.jsonl")); err == nil {
		t.Error("a file for a directory is no error")
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if err := b.AddPortal(1, "x"); err == nil {
		t.Error("a change after Close is no error, though it is not stored")
	}
}

func TestConcurrentChangesAreStored(t *testing.T) {
	dir := t.TempDir()
	s := &shop{bench: restart(t, dir, hubspottest.Config{})}
	s.token = s.install(portalID, allScopes...)
	s.channel = s.chatChannel(nil)
	s.account = s.bench.account(s.channel, "shop")
	const senders = 40
	threads := make(chan string)
	for n := range senders {
		go func() { threads <- s.publish(draft(s.account, strconv.Itoa(n), "Hi")).text("conversationsThreadId") }()
	}
	var thread string
	for range senders {
		thread = <-threads
	}
	// Not closed: the process dies after the last answer.
	if got := len(restart(t, dir, hubspottest.Config{}).Messages(thread)); got != senders {
		t.Errorf("%d messages are stored, want %d", got, senders)
	}
}

// TestSettingsSurvive: what admins and agents have set is there after a restart.
func TestSettingsSurvive(t *testing.T) {
	dir := t.TempDir()
	s := &shop{bench: restart(t, dir, hubspottest.Config{})}
	s.token = s.install(portalID, allScopes...)
	s.channel = s.chatChannel(object{"allowConversationStart": true})
	s.account = s.bench.account(s.channel, "shop")
	other := s.bench.account(s.channel, "other")
	thread := s.sayAs("Ada", email("ada@example.test"), "conv-1", "Hi")
	contact := s.Contacts(portalID)[0]
	contact.OwnerID, contact.Tracked = noor, true
	started, _, startErr := s.StartConversation(s.account, start("Hello", "user-77"))
	_, contactErr := s.SetContact(contact)
	_, commentErr := s.Comment(thread, hubspottest.Comment{Text: "Careful"})
	_, replyErr := s.Reply(thread, hubspottest.Reply{Text: "Over there", Via: other})
	for _, err := range []error{
		startErr, contactErr, commentErr, replyErr, s.Assign(thread, noor), s.CloseThread(thread), s.SetNotifications(portalID, noor, false),
		s.SetRouting(s.account, hubspottest.Routing{AssignTo: hubspottest.AssignToUsers, Teams: []string{"Sales"}}),
		s.MoveAccount(s.account, s.Inboxes(portalID)[1].ID), s.AddPortal(otherPortal, "Other"), s.Close(),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	next := restart(t, dir, hubspottest.Config{})
	for _, look := range []func(*hubspottest.Server) any{
		func(hs *hubspottest.Server) any { return hs.Threads() },
		func(hs *hubspottest.Server) any { return hs.Messages(thread) },
		func(hs *hubspottest.Server) any { return hs.Messages(started.ID) },
		func(hs *hubspottest.Server) any { return hs.History(thread) },
		func(hs *hubspottest.Server) any { return hs.Contacts(portalID) },
		func(hs *hubspottest.Server) any { return hs.Users(portalID) },
		func(hs *hubspottest.Server) any { return hs.Accounts() },
		func(hs *hubspottest.Server) any { return hs.Portals() },
	} {
		diff(t, "after the restart", look(s.Server), look(next.Server))
	}
}
