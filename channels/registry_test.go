package channels_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/customchannels/customchannels-go/channels"
)

const registered = `{"id":918273,"name":"Acme Chat","createdAt":"2026-10-01T08:00:00.000Z","webhookUrl":"https://hooks.example.test/hs",
	"channelDescription":"d","channelLogoUrl":"https://l.example.test","channelAccountConnectionRedirectUrl":"https://c.example.test",
	"capabilities":{"deliveryIdentifierTypes":["HS_PHONE_NUMBER"],"threadingModel":"INTEGRATION_THREAD_ID","allowOutgoingMessages":true,"newThing":{"a":1}}}`

func TestRegistryOperations(t *testing.T) {
	t.Parallel()
	const root = "/base/conversations/custom-channels/2026-09"
	const auth = "?appId=4711&hapikey=developer-key%2B9%2Fsecret%3D"
	server := play(reply(201, registered), reply(200, registered), reply(200, registered), reply(204, ""))
	g := newRegistry(t, server)
	ctx := t.Context()

	created, err := g.Create(ctx, &channels.Registration{
		ID: "1", CreatedAt: time.Now(), // not to be sent
		Name: "Acme <Chat>", WebhookURL: "https://hooks.example.test/hs?a=1&b=2",
		Capabilities: channels.Capabilities{DeliveryIdentifierTypes: []channels.IdentifierType{channels.TypePhone}},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := &channels.Registration{
		ID: "918273", Name: "Acme Chat", Description: "d", LogoURL: "https://l.example.test",
		WebhookURL: "https://hooks.example.test/hs", ConnectURL: "https://c.example.test",
		CreatedAt: time.Date(2026, 10, 1, 8, 0, 0, 0, time.UTC),
		Capabilities: channels.Capabilities{
			DeliveryIdentifierTypes: []channels.IdentifierType{channels.TypePhone},
			ThreadingModel:          channels.ByIntegrationThread, AllowOutgoingMessages: true,
			Extra: rawMap("newThing", `{"a":1}`),
		},
	}
	if diff := cmp.Diff(want, created); diff != "" {
		t.Error(diff)
	}
	if _, err := g.Get(ctx, "918273"); err != nil {
		t.Error(err)
	}
	if _, err := g.Update(ctx, "918273", &channels.RegistrationUpdate{WebhookURL: new("https://new.example.test")}); err != nil {
		t.Error(err)
	}
	if err := g.Archive(ctx, "918273"); err != nil {
		t.Error(err)
	}
	wantRequests := [][3]string{
		{"POST", root + auth, `{"name":"Acme <Chat>","webhookUrl":"https://hooks.example.test/hs?a=1&b=2","capabilities":{"deliveryIdentifierTypes":["HS_PHONE_NUMBER"],` +
			`"richText":[],"allowOutgoingMessages":false,"allowConversationStart":false,"allowMultipleRecipients":false,"allowInlineImages":false,` +
			`"outgoingAttachmentTypes":[],"maxFileAttachmentCount":0,"maxFileAttachmentSizeBytes":0,"maxTotalFileAttachmentSizeBytes":0}}`},
		{"GET", root + "/918273" + auth, ""},
		{"PATCH", root + "/918273" + auth, `{"webhookUrl":"https://new.example.test"}`},
		{"DELETE", root + "/918273" + auth, ""},
	}
	if diff := cmp.Diff(wantRequests, lines(server)); diff != "" {
		t.Error(diff)
	}
	for _, r := range server.seen() {
		if r.Header.Get("Authorization") != "" {
			t.Error("a registry call carried a token")
		}
	}
}

// lines returns method, URL and body of the requests.
func lines(s *script) [][3]string {
	var all [][3]string
	for _, r := range s.seen() {
		all = append(all, [3]string{r.Method, r.URL, r.Body})
	}
	return all
}

func TestRegistrationValidate(t *testing.T) {
	t.Parallel()
	valid := func() *channels.Registration {
		return &channels.Registration{Name: "n", Capabilities: channels.Capabilities{
			OutgoingAttachmentTypes: []channels.OutgoingAttachmentType{channels.OutgoingFile},
			MaxFileCount:            1, MaxFileBytes: 10, MaxTotalFileBytes: 10,
		}}
	}
	if err := valid().Validate(); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*channels.Registration){
		"no name":            func(r *channels.Registration) { r.Name = " " },
		"relative webhook":   func(r *channels.Registration) { r.WebhookURL = "/hook" },
		"connect URL scheme": func(r *channels.Registration) { r.ConnectURL = "javascript:alert(1)" },
		"logo":               func(r *channels.Registration) { r.LogoURL = "logo.png" },
		"short type name": func(r *channels.Registration) {
			r.Capabilities.DeliveryIdentifierTypes = []channels.IdentifierType{"EMAIL"}
		},
		"threading model":      func(r *channels.Registration) { r.Capabilities.ThreadingModel = "THREADS" },
		"inline without rich":  func(r *channels.Registration) { r.Capabilities.AllowInlineImages = true },
		"start without out":    func(r *channels.Registration) { r.Capabilities.AllowConversationStart = true },
		"files without count":  func(r *channels.Registration) { r.Capabilities.MaxFileCount = 0 },
		"files without size":   func(r *channels.Registration) { r.Capabilities.MaxFileBytes = 0 },
		"total below one file": func(r *channels.Registration) { r.Capabilities.MaxFileBytes = 11 },
		"negative limit":       func(r *channels.Registration) { r.Capabilities.MaxTotalFileBytes = -1 },
	} {
		r := valid()
		spoil(r)
		if err := r.Validate(); !errors.Is(err, channels.ErrInvalid) {
			t.Errorf("%s: Validate = %v, want an error that matches ErrInvalid", name, err)
		}
		server := play(reply(201, registered))
		if _, err := newRegistry(t, server).Create(t.Context(), r); err == nil || len(server.seen()) > 0 {
			t.Errorf("%s: Create made %d requests and returned %v", name, len(server.seen()), err)
		}
	}
}

func TestListPages(t *testing.T) {
	t.Parallel()
	page := func(ids, after string) answer {
		return reply(200, `{"total":3,"results":[`+ids+`],"paging":{"next":{"after":`+after+`,"link":"https://elsewhere.example.test"}}}`)
	}
	last := reply(200, `{"total":3,"results":[{"id":"3"},null]}`)

	t.Run("to the end", func(t *testing.T) {
		t.Parallel()
		server := play(page(`{"id":"1"},{"id":2}`, `"MTA"`), page(``, `20`), last)
		opts := &channels.ListOptions{Limit: 2, Sort: []string{"name", "createdAt"}}
		list := newRegistry(t, server).All(t.Context(), opts)
		opts.Limit = 99 // changes nothing any more
		for range 2 {
			var ids []channels.ID
			for r, err := range list {
				if err != nil {
					t.Fatal(err)
				}
				ids = append(ids, r.ID)
			}
			if diff := cmp.Diff([]channels.ID{"1", "2", "3"}, ids); diff != "" {
				t.Error(diff)
			}
			server.answers = []answer{page(`{"id":"1"},{"id":2}`, `"MTA"`), page(``, `20`), last}
			for i, want := range []string{"limit=2&sort=name&sort=createdAt", "after=MTA&", "after=20&"} {
				if got := server.seen()[i].URL; !contains(got, want) {
					t.Errorf("page %d was asked for with %s, want %s", i, got, want)
				}
			}
			server.requests = nil
		}
	})
	t.Run("stops on break", func(t *testing.T) {
		t.Parallel()
		server := play(page(`{"id":"1"},{"id":"2"}`, `"MTA"`), last)
		for range newRegistry(t, server).All(t.Context(), nil) {
			break
		}
		if n := len(server.seen()); n != 1 {
			t.Errorf("%d requests, want 1", n)
		}
	})
	t.Run("yields an error once", func(t *testing.T) {
		t.Parallel()
		server := play(page(`{"id":"1"}`, `"MTA"`), reply(403, `{}`))
		var results, failures int
		for r, err := range newRegistry(t, server).All(t.Context(), nil) {
			if err != nil {
				failures++
			} else if r != nil {
				results++
			}
		}
		if results != 1 || failures != 1 || len(server.seen()) != 2 {
			t.Errorf("%d results, %d errors, %d requests, want 1, 1, 2", results, failures, len(server.seen()))
		}
	})
	t.Run("does not go in circles", func(t *testing.T) {
		t.Parallel()
		server := play(page(`{"id":"1"}`, `"MTA"`))
		var last error
		for _, err := range newRegistry(t, server).All(t.Context(), nil) {
			last = err
		}
		if last == nil || len(server.seen()) != 2 {
			t.Errorf("ended after %d requests with %v, want an error after 2", len(server.seen()), last)
		}
	})
}
