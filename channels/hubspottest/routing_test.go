package hubspottest_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/customchannels/customchannels-go/channels/hubspottest"
)

const robin, noor, jo = "A-2620022", "A-2620023", "A-2620024"

// owners publishes n new conversations and returns who received them.
func (s *shop) owners(from object, n int) string {
	s.t.Helper()
	var got []string
	for i := range n {
		thread := s.sayAs("Ada", from, fmt.Sprint("c", s.PendingWebhooks(), len(s.Threads()), i), "Hi")
		for _, t := range s.Threads() {
			if t.ID == thread {
				got = append(got, strings.TrimPrefix(t.OwnerID, "A-26200"))
			}
		}
	}
	return strings.Join(got, " ")
}

func TestAssigningInTurn(t *testing.T) {
	for _, tt := range []struct {
		name    string
		routing hubspottest.Routing
		away    []string
		want    string
	}{
		{"nobody", hubspottest.Routing{}, nil, "  "},
		{"one user", hubspottest.Routing{AssignTo: hubspottest.AssignToUsers, Users: []string{noor}}, nil, "23 23 23"},
		{"users", hubspottest.Routing{AssignTo: hubspottest.AssignToUsers, Users: []string{robin, noor}}, nil, "22 23 22"},
		{"a team", hubspottest.Routing{AssignTo: hubspottest.AssignToUsers, Teams: []string{"Sales"}}, nil, "23 23 23"},
		{"without a seat", hubspottest.Routing{AssignTo: hubspottest.AssignToUsers, Users: []string{jo, noor}}, nil, "23 23 23"},
		{"away", hubspottest.Routing{AssignTo: hubspottest.AssignToUsers, Users: []string{robin, noor}}, []string{robin}, "23 23 23"},
		{"all away", hubspottest.Routing{AssignTo: hubspottest.AssignToUsers, Users: []string{noor}}, []string{noor}, "  "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newShop(t, hubspottest.Config{}, nil)
			if err := s.SetRouting(s.account, tt.routing); err != nil {
				t.Fatal(err)
			}
			for _, id := range tt.away {
				if err := s.SetOnline(portalID, id, false); err != nil {
					t.Fatal(err)
				}
			}
			diff(t, "owners", tt.want, s.owners(opaque("user-42"), 3))
		})
	}
}

func TestAssigningToTheContactOwner(t *testing.T) {
	toOwner := hubspottest.Routing{AssignTo: hubspottest.AssignToOwner}
	for _, tt := range []struct {
		name    string
		from    object
		routing hubspottest.Routing
		contact func(c *hubspottest.Contact) // nil: stays as HubSpot made it
		away    bool
		want    string
	}{
		{name: "owner", routing: toOwner, contact: func(*hubspottest.Contact) {}, want: "23"},
		{name: "not tracked", routing: toOwner, contact: func(c *hubspottest.Contact) { c.Tracked = false }},
		{name: "no owner", routing: toOwner, contact: func(c *hubspottest.Contact) { c.OwnerID = "" }},
		{name: "owner is away", routing: toOwner, contact: func(*hubspottest.Contact) {}, away: true},
		{name: "somebody stands in", routing: hubspottest.Routing{AssignTo: hubspottest.AssignToOwner, Teams: []string{"Support"}},
			contact: func(*hubspottest.Contact) {}, away: true, want: "22"},
		{name: "stand-ins are for owners who are away", routing: hubspottest.Routing{AssignTo: hubspottest.AssignToOwner, Teams: []string{"Support"}},
			contact: func(c *hubspottest.Contact) { c.OwnerID = "" }},
		{name: "a visitor", from: opaque("user-42"), routing: toOwner},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newShop(t, hubspottest.Config{}, nil)
			from := tt.from
			if tt.contact != nil {
				from = email("ada@example.test")
				s.sayAs("Ada", from, "first", "Hi")
				c := s.Contacts(portalID)[0]
				c.OwnerID, c.Tracked = noor, true
				tt.contact(&c)
				if _, err := s.SetContact(c); err != nil {
					t.Fatal(err)
				}
			}
			if err := s.SetOnline(portalID, noor, !tt.away); err != nil {
				t.Fatal(err)
			}
			if err := s.SetRouting(s.account, tt.routing); err != nil {
				t.Fatal(err)
			}
			diff(t, "owner", tt.want, s.owners(from, 1))
		})
	}
}

func TestRouting(t *testing.T) {
	s := newShop(t, hubspottest.Config{}, object{"allowConversationStart": true})
	old := s.say("m0", "Hi")
	properties := map[string]string{"Topic": "Returns"}
	if err := s.SetRouting(s.account, hubspottest.Routing{
		Properties: properties, AssignTo: hubspottest.AssignToUsers, Users: []string{noor},
	}); err != nil {
		t.Fatal(err)
	}
	if s.PendingWebhooks() != 1 || s.Accounts()[0].Routing.AssignTo != hubspottest.AssignToUsers {
		t.Errorf("the app was told %d times of %+v", s.PendingWebhooks(), s.Accounts()[0])
	}
	s.say("m1", "Anybody?")
	started, _, err := s.StartConversation(s.account, start("Hello", "user-77"))
	if err != nil {
		t.Fatal(err)
	}
	written := s.sayAs("Bo", opaque("user-9"), "conv-9", "Hi")
	for _, th := range s.Threads() {
		wantOwner, wantProperties := "", map[string]string(nil)
		if th.ID == written {
			wantOwner, wantProperties = noor, properties
		}
		if th.OwnerID != wantOwner {
			t.Errorf("thread %s (old %s, started %s) is assigned to %q", th.ID, old, started.ID, th.OwnerID)
		}
		diff(t, "properties", wantProperties, th.Properties)
	}
	assigned := s.call("GET", helpers+"/threads/"+written, nil)
	if assigned.text("assignedTo") != noor {
		t.Errorf("got %v", assigned)
	}
	for _, r := range []hubspottest.Routing{
		{AssignTo: "EVERYBODY"}, {AssignTo: hubspottest.AssignToUsers}, {Users: []string{"A-1"}}, {Teams: []string{"Dragons"}},
	} {
		if err := s.SetRouting(s.account, r); err == nil {
			t.Errorf("%+v is no error", r)
		}
	}
	if err := s.SetRouting("1", hubspottest.Routing{}); err == nil {
		t.Error("an unknown account is no error")
	}
}

func TestContactsOfThePortal(t *testing.T) {
	s := newShop(t, hubspottest.Config{}, nil)
	known, err := s.SetContact(hubspottest.Contact{PortalID: portalID, Name: "Ada Lovelace", Email: "ADA@example.test", Phone: "+14155550123"})
	if err != nil {
		t.Fatal(err)
	}
	visitor := s.sayAs("Visitor", opaque("x"), "c1", "Hi")
	s.sayAs("Ada", email("ada@example.test"), "c2", "Hi")
	s.sayAs("Ada", object{"type": "HS_PHONE_NUMBER", "value": "+14155550123"}, "c3", "Hi")
	s.sayAs("Bo", email("bo@example.test"), "c4", "Hi")
	got := s.Contacts(portalID)
	if len(got) != 2 || got[0].ID != known.ID || got[1].Name != "Bo" || got[1].Email != "bo@example.test" || !got[1].Known {
		t.Errorf("got contacts %+v", got)
	}
	if got := len(s.Search(hubspottest.ThreadQuery{ContactID: known.ID})); got != 2 {
		t.Errorf("%d conversations are Ada's", got)
	}
	id := s.Search(hubspottest.ThreadQuery{Text: "Visitor"})[0].ContactID
	made, err := s.SetContact(hubspottest.Contact{ID: id, PortalID: portalID, Name: "No stranger", Email: "n@example.test"})
	if err != nil || made.ID != id {
		t.Errorf("got %+v, %v", made, err)
	}
	actor := s.want(s.call("GET", helpers+"/actors/V-"+fmt.Sprint(id), nil), http.StatusOK)
	if actor.text("email") != "n@example.test" || s.Messages(visitor)[0].Senders[0].ActorID != actor.text("id") {
		t.Errorf("got actor %v", actor)
	}
	for _, c := range []hubspottest.Contact{
		{PortalID: 1}, {PortalID: portalID, Email: "ada"}, {PortalID: portalID, Phone: "1"}, {PortalID: portalID, OwnerID: "A-1"}, {PortalID: portalID, ID: 5},
	} {
		if _, err := s.SetContact(c); err == nil {
			t.Errorf("%+v is no error", c)
		}
	}
}

func TestUsers(t *testing.T) {
	b := newBench(t, hubspottest.Config{AgentName: "Kim"})
	users := b.Users(portalID)
	if len(users) != 3 || users[0].Name != "Kim" || !users[0].SuperAdmin || users[2].Seat != "" || b.Users(1) != nil {
		t.Fatalf("got %+v", users)
	}
	lee := hubspottest.User{Agent: hubspottest.Agent{ActorID: "A-9", Email: "lee@example.test"}, SuperAdmin: true}
	if err := b.SetUser(portalID, lee); err != nil {
		t.Fatal(err)
	}
	users[0].SuperAdmin = false
	if err := b.SetUser(portalID, users[0]); err != nil {
		t.Fatal(err)
	}
	if err := b.SetNotifications(portalID, "A-9", false); err != nil {
		t.Fatal(err)
	}
	got := b.Users(portalID)
	if len(got) != 4 || got[0].SuperAdmin || got[3].Name != "lee@example.test" || got[3].Avatar == "" || !got[3].Muted || got[3].Away {
		t.Errorf("got %+v", got)
	}
	lee.SuperAdmin = false
	for name, err := range map[string]error{
		"the last super-admin": b.SetUser(portalID, lee),
		"an id of no user":     b.SetUser(portalID, hubspottest.User{Agent: hubspottest.Agent{ActorID: "V-1"}}),
		"an unknown seat":      b.SetUser(portalID, hubspottest.User{Agent: hubspottest.Agent{ActorID: "A-1"}, Seat: "BACK"}),
		"an unknown portal":    b.SetUser(1, lee),
		"an unknown user":      b.SetOnline(portalID, "A-77", true),
	} {
		if err == nil {
			t.Errorf("%s is no error", name)
		}
	}
	if err := b.AddPortal(otherPortal, "Other"); err != nil {
		t.Fatal(err)
	}
	diff(t, "portals", []hubspottest.Portal{{ID: portalID, Name: "Acme Ltd"}, {ID: otherPortal, Name: "Other"}}, b.Portals())
}

func TestMovingToTheHelpDesk(t *testing.T) {
	s := newShop(t, hubspottest.Config{}, nil)
	old := s.say("m1", "Hi")
	desk := s.Inboxes(portalID)[1]
	if err := s.MoveAccount(s.account, desk.ID); err != nil {
		t.Fatal(err)
	}
	if s.PendingWebhooks() != 1 || desk.Type != "HELP_DESK" || s.Inboxes(1) == nil || len(s.Inboxes(1)) != 0 {
		t.Errorf("%d webhooks, %+v", s.PendingWebhooks(), desk)
	}
	one := channelBase + "/" + s.channel + "/channel-accounts/" + s.account
	if got := s.call("GET", one, nil).text("inboxId"); got != desk.ID {
		t.Errorf("the account is in inbox %s", got)
	}
	moved := s.sayAs("Bo", opaque("b"), "conv-2", "Hi")
	diff(t, "help desk", []string{moved}, threadIDs(s.Search(hubspottest.ThreadQuery{InboxID: desk.ID})))
	diff(t, "inbox", []string{old}, threadIDs(s.Search(hubspottest.ThreadQuery{InboxID: s.inboxID()})))
	for _, err := range []error{s.MoveAccount(s.account, "1"), s.MoveAccount("1", desk.ID), s.RenameAccount(s.account, " ")} {
		if err == nil {
			t.Error("no error")
		}
	}
}
