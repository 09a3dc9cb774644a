package hubspottest_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/customchannels/customchannels-go/channels/hubspottest"
)

func start(text, to string) hubspottest.Start {
	return hubspottest.Start{
		To: hubspottest.Identifier{Type: "CHANNEL_SPECIFIC_OPAQUE_ID", Value: to}, Name: "Cleo", Reply: hubspottest.Reply{Text: text},
	}
}

func TestStartingAConversation(t *testing.T) {
	for _, tt := range []struct {
		name     string
		readings hubspottest.Readings
		model    string
		named    bool // the webhook has a thread id
		joins    bool // the app's own new id leads to the conversation
	}{
		{name: "no name", model: "INTEGRATION_THREAD_ID"},
		{name: "named", model: "INTEGRATION_THREAD_ID", readings: hubspottest.Readings{StartedThreadNamed: true}, named: true},
		{name: "joined", model: "INTEGRATION_THREAD_ID", readings: hubspottest.Readings{StartedThreadJoins: true}, joins: true},
		{name: "HubSpot's threads", model: "DELIVERY_IDENTIFIER", named: true, joins: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newShop(t, hubspottest.Config{Readings: tt.readings}, object{"allowConversationStart": true, "threadingModel": tt.model})
				h := &hook{}
				s.run(h)
				thread, m, err := s.StartConversation(s.account, start("Your order is ready", "user-77"))
				if err != nil {
					t.Fatal(err)
				}
				if thread.Customer != "Cleo" || m.Status != "SENDING" || thread.Unread != 0 {
					t.Errorf("started %+v with %+v", thread, m)
				}
				synctest.Wait()
				ids := h.all()[0].body["channelIntegrationThreadIds"].([]any)
				if (len(ids) == 1) != tt.named {
					t.Errorf("the webhook names %v", ids)
				}
				answer := func(id any) bool {
					a := s.publish(with(draft(s.account, "answer", "Thanks"), object{
						"integrationThreadId": id, "senders": []object{{"deliveryIdentifier": opaque("user-77")}}}))
					return s.want(a, http.StatusCreated).text("conversationsThreadId") == thread.ID
				}
				if tt.named && !answer(ids[0]) {
					t.Error("the id of the webhook does not lead to the conversation")
				} else if !tt.named && answer("my own") != tt.joins {
					t.Errorf("the app's own id joins: %v", !tt.joins)
				}
			})
		})
	}
}

// TestOneConversationPerPair: under HubSpot's own threading the open
// conversation with a customer goes on.
func TestOneConversationPerPair(t *testing.T) {
	s := newShop(t, hubspottest.Config{}, object{"allowConversationStart": true, "threadingModel": "DELIVERY_IDENTIFIER"})
	first, _, err := s.StartConversation(s.account, start("One", "user-77"))
	if err != nil {
		t.Fatal(err)
	}
	again, _, err := s.StartConversation(s.account, start("Two", "user-77"))
	if err != nil || again.ID != first.ID {
		t.Errorf("got %+v, %v", again, err)
	}
	other, _, err := s.StartConversation(s.account, start("Three", "user-78"))
	if err != nil || other.ID == first.ID {
		t.Errorf("got %+v, %v", other, err)
	}
}

func TestConversationsThatCannotStart(t *testing.T) {
	for _, tt := range []struct {
		name  string
		caps  object
		start hubspottest.Start
		says  string
	}{
		{"not allowed", object{"allowConversationStart": false}, start("Hi", "x"), "allowConversationStart"},
		{"intake only", object{"allowOutgoingMessages": false}, start("Hi", "x"), "allowOutgoingMessages"},
		{"blank address", nil, start("Hi", " "), "blank"},
		{"wrong kind of address", nil, hubspottest.Start{To: hubspottest.Identifier{Type: "HS_EMAIL_ADDRESS", Value: "a@b.test"}}, "takes addresses"},
		{"nothing to say", nil, start(" ", "x"), "empty"},
		{"unknown agent", nil, hubspottest.Start{To: start("", "x").To, Reply: hubspottest.Reply{Text: "Hi", AgentID: "A-1"}}, "agent"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newShop(t, hubspottest.Config{}, with(object{"allowConversationStart": true}, tt.caps))
			_, _, err := s.StartConversation(s.account, tt.start)
			if err == nil || !strings.Contains(err.Error(), tt.says) || len(s.Threads()) > 0 {
				t.Errorf("got error %v, want one with %q", err, tt.says)
			}
		})
	}
	if _, _, err := newShop(t, hubspottest.Config{}, nil).StartConversation("1", start("Hi", "x")); err == nil {
		t.Error("an unknown account is no error")
	}
}

func TestInserts(t *testing.T) {
	s := newShop(t, hubspottest.Config{}, nil)
	thread := s.say("m1", "Hi")
	kinds := map[string]bool{}
	for _, in := range s.Inserts() {
		kinds[in.Kind] = true
		m, err := s.Reply(thread, hubspottest.Reply{Text: "Look & see", Inserts: []hubspottest.Insert{in}})
		if err != nil {
			t.Fatal(err)
		}
		if m.Text != "Look & see\n"+in.Text || !strings.HasPrefix(m.RichText, `<p data-top-level="true">Look &amp; see</p>`) || !strings.HasSuffix(m.RichText, in.HTML) {
			t.Errorf("%s: sent %q and %q", in.Kind, m.Text, m.RichText)
		}
		if in.URL == "" {
			continue
		}
		s.want(s.send("GET", in.URL, nil), http.StatusOK)
		if in.Kind == hubspottest.InsertVideo {
			if a := s.want(s.send("GET", in.URL+"/preview.png", nil), http.StatusOK); a.header.Get("Content-Type") != "image/png" {
				t.Errorf("the preview is %v", a.header)
			}
		}
	}
	if len(kinds) != 6 {
		t.Errorf("got kinds %v", kinds)
	}
	s.want(s.send("GET", "/simulator/library/greeting", nil), http.StatusNotFound)
	s.want(s.send("GET", "/simulator/library/dream/preview.png", nil), http.StatusNotFound)
}

func TestPictures(t *testing.T) {
	for public, want := range map[bool]string{false: hubspotURL + "/filemanager/api/v2/files/", true: hubspotURL + "/hubfs/24681012/"} {
		s := newShop(t, hubspottest.Config{Readings: hubspottest.Readings{InlineImagesPublic: public}}, object{"allowInlineImages": true})
		thread := s.say("m1", "Hi")
		m, err := s.Reply(thread, hubspottest.Reply{Pictures: []hubspottest.Upload{{Name: "cat.png", Content: []byte(png)}}})
		if err != nil {
			t.Fatal(err)
		}
		_, rest, _ := strings.Cut(m.RichText, `<img src="`)
		src, _, _ := strings.Cut(rest, `"`)
		if m.Text != "" || len(m.Attachments) != 0 || !strings.HasPrefix(src, want) {
			t.Errorf("sent %q with %v", m.RichText, m.Attachments)
		}
		a := s.send("GET", src, nil)
		if public {
			if s.want(a, http.StatusOK); a.raw != png {
				t.Errorf("the picture is %q", a.raw)
			}
			continue
		}
		login := s.want(a, http.StatusTemporaryRedirect).header.Get("Location")
		if page := s.want(s.send("GET", login, nil), http.StatusOK); !strings.HasPrefix(page.header.Get("Content-Type"), "text/html") {
			t.Errorf("the login page is %v", page.header)
		}
		file := s.want(s.call("GET", strings.TrimPrefix(src, hubspotURL), nil), http.StatusFound).header.Get("Location")
		if got := s.want(s.send("GET", file, nil), http.StatusOK); got.raw != png {
			t.Errorf("the picture is %q", got.raw)
		}
		s.want(s.call("GET", strings.Replace(strings.TrimPrefix(src, hubspotURL), "24681012", "1", 1), nil), http.StatusNotFound)
		s.want(s.call("GET", "/form-integrations/v1/uploaded-files/signed-url-redirect/1", nil), http.StatusNotFound)
	}
	s := newShop(t, hubspottest.Config{}, nil)
	if _, err := s.Reply(s.say("m1", "Hi"), hubspottest.Reply{Pictures: []hubspottest.Upload{{Name: "cat.png"}}}); err == nil {
		t.Error("a channel without allowInlineImages takes pictures")
	}
}
