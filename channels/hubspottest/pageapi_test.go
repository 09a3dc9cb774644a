package hubspottest_test

import (
	"bytes"
	"encoding/json"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/customchannels/customchannels-go/channels/hubspottest"
)

const pageBase = "/simulator/api/"

// page makes a request of the page and reads its answer into T.
func page[T any](b *bench, method, path string, body any, status int) (out T) {
	b.t.Helper()
	if !strings.HasPrefix(path, "/") {
		path = pageBase + path
	}
	a := b.want(b.send(method, path, body), status)
	if err := json.Unmarshal([]byte(a.raw), &out); err != nil {
		b.t.Fatalf("%s: %v", a.raw, err)
	}
	return out
}

// form makes a multipart body; a field that starts with @ is a file.
func form(fields map[string]string) (body, contentType string) {
	var out bytes.Buffer
	w := multipart.NewWriter(&out)
	for name, value := range fields {
		if file, ok := strings.CutPrefix(name, "@"); ok {
			if part, err := w.CreateFormFile(file, "cat.png"); err == nil {
				_, _ = part.Write([]byte(value)) // into memory
			}
			continue
		}
		_ = w.WriteField(name, value)
	}
	_ = w.Close()
	return out.String(), w.FormDataContentType()
}

func (b *bench) postForm(path string, fields map[string]string) *answer {
	b.t.Helper()
	body, kind := form(fields)
	return b.send("POST", pageBase+path, body, "Content-Type", kind)
}

func TestPageAgents(t *testing.T) {
	s := newShop(t, hubspottest.Config{}, object{"allowConversationStart": true, "allowInlineImages": true})
	thread := s.say("m1", "Where is it?")
	s.sayAs("Ada", opaque("user-42"), "conv-2", "Another matter")
	one := "threads/" + thread

	found := page[[]hubspottest.Thread](s.bench, "GET", "threads?text=WHERE&status=OPEN&channelId="+s.channel, nil, http.StatusOK)
	diff(t, "found", []string{thread}, threadIDs(found))

	page[object](s.bench, "PUT", one+"/owner?user="+noor, object{"actorId": robin}, http.StatusOK)
	comment := page[hubspottest.Message](s.bench, "POST", one+"/comments?user="+noor, object{"text": "Mine"}, http.StatusCreated)
	if comment.Type != "COMMENT" || comment.SenderName != "Noor Adams" {
		t.Errorf("got %+v", comment)
	}
	picture := s.want(s.postForm("pictures", map[string]string{"@file": png}), http.StatusCreated)
	if got := s.want(s.send("GET", picture.text("preview"), nil), http.StatusOK); got.raw != png {
		t.Errorf("the preview is %q", got.raw)
	}
	inserts := page[[]hubspottest.Insert](s.bench, "GET", "inserts", nil, http.StatusOK)
	rich := `<p><b>Here</b></p><img src="` + picture.text("url") + `">` + inserts[0].HTML
	reply := s.want(s.postForm(one+"/reply?user="+noor, map[string]string{"text": "Here", "richText": rich, "@files": png}), http.StatusCreated)
	if reply.text("richText") != rich || reply.text("senderName") != "Noor Adams" || len(reply.body["attachments"].([]any)) != 1 {
		t.Errorf("got %v", reply)
	}
	mail := s.want(s.postForm(one+"/reply", map[string]string{"text": "By e-mail", "via": "EMAIL", "toType": "HS_EMAIL_ADDRESS", "toValue": "a@b.test"}), http.StatusCreated)
	if mail.text("channelId") != "1002" || mail.text("status") != "SENT" {
		t.Errorf("got %v", mail)
	}
	s.want(s.postForm(one+"/reply", map[string]string{"text": "By e-mail", "via": "EMAIL"}), http.StatusConflict)

	shown := page[struct {
		Thread   hubspottest.Thread
		Messages []hubspottest.Message
		History  []hubspottest.Change
		Contact  hubspottest.Contact
		Earlier  []hubspottest.Thread
		Outlets  []hubspottest.Outlet
	}](s.bench, "GET", one, nil, http.StatusOK)
	if shown.Thread.OwnerName != "Robin Hale" || len(shown.Messages) != 4 || len(shown.History) != 1 || shown.History[0].By != noor ||
		shown.Contact.Name != "Ada" || shown.Contact.Known || len(shown.Earlier) != 1 || len(shown.Outlets) != 2 {
		t.Errorf("got %+v", shown)
	}

	started := s.want(s.postForm("threads", map[string]string{
		"accountId": s.account, "toType": "CHANNEL_SPECIFIC_OPAQUE_ID", "toValue": "user-9", "name": "Cleo", "text": "Hello",
	}), http.StatusCreated)
	if started.body["thread"].(object)["customer"] != "Cleo" || started.body["message"].(object)["status"] != "SENDING" {
		t.Errorf("got %v", started)
	}
	s.want(s.postForm("threads", map[string]string{"accountId": "1", "text": "Hello"}), http.StatusNotFound)

	page[object](s.bench, "PUT", one+"/inbox", object{"inboxId": s.Inboxes(portalID)[1].ID}, http.StatusOK)
	page[object](s.bench, "PUT", "me?user="+noor, object{"muted": true, "away": true}, http.StatusOK)
	if u := s.Users(portalID)[1]; !u.Muted || !u.Away {
		t.Errorf("got %+v", u)
	}
	for _, path := range []string{"state?portal=1", "state?user=A-1", "threads/1", "/simulator/events?portal=1"} {
		page[object](s.bench, "GET", path, nil, http.StatusNotFound)
	}
	for _, path := range []string{one + "/owner", one + "/inbox", "me"} {
		s.want(s.send("PUT", pageBase+path, "{"), http.StatusBadRequest)
	}
}

func TestPageContacts(t *testing.T) {
	s := newShop(t, hubspottest.Config{}, nil)
	s.say("m1", "Hi")
	id := s.call("GET", helpers+"/threads/"+s.Threads()[0].ID, nil).text("associatedContactId")
	made := page[hubspottest.Contact](s.bench, "PUT", "contacts/"+id, object{"email": "ada@example.test", "tracked": true}, http.StatusOK)
	if made.Name != "Ada" || !made.Known || !made.Tracked {
		t.Errorf("got %+v", made)
	}
	made = page[hubspottest.Contact](s.bench, "PUT", "contacts/"+id, object{"ownerId": noor}, http.StatusOK)
	if made.Email != "ada@example.test" || made.OwnerID != noor {
		t.Errorf("got %+v", made)
	}
	page[hubspottest.Contact](s.bench, "POST", "contacts", object{"name": "Bo"}, http.StatusOK)
	if got := page[[]hubspottest.Contact](s.bench, "GET", "contacts?text=bo", nil, http.StatusOK); len(got) != 1 || got[0].Name != "Bo" {
		t.Errorf("got %+v", got)
	}
	page[object](s.bench, "PUT", "contacts/5", object{}, http.StatusNotFound)
}

func TestPageAdmin(t *testing.T) {
	app, b := marketApp(t, hubspottest.Config{RedirectURLs: []string{appURL + "/callback"}})
	app.callback, app.noOne = nil, false
	type state struct {
		Portals  []hubspottest.Portal
		Can      struct{ Connect, Route bool }
		Channels []hubspottest.Channel
		Accounts []hubspottest.Account
		Inboxes  []hubspottest.Inbox
		Teams    []string
	}
	where := map[string]string{}
	for _, flow := range []string{"LINK", "CONSENT", "SIGN_IN"} {
		where[flow] = page[map[string]string](b, "POST", "install", object{"flow": flow}, http.StatusOK)["url"]
	}
	if where["LINK"] != appURL+"/install" || !strings.HasPrefix(where["CONSENT"], hubspotURL+"/simulator/marketplace?flow=") || where["SIGN_IN"] == where["CONSENT"] {
		t.Errorf("got %v", where)
	}
	page[object](b, "POST", "install", object{"flow": "DREAM"}, http.StatusBadRequest)
	if err := b.Install(t.Context(), portalID); err != nil {
		t.Fatal(err)
	}
	got := page[state](b, "GET", "state", nil, http.StatusOK)
	if len(got.Channels) != 1 || !got.Can.Connect || !got.Can.Route || len(got.Inboxes) != 2 {
		t.Errorf("got %+v", got)
	}
	diff(t, "teams", []string{"Sales", "Support"}, got.Teams)

	desk := got.Inboxes[1].ID
	begun := page[hubspottest.Connection](b, "POST", "connections", object{"channelId": app.channel, "inboxId": desk}, http.StatusCreated)
	popup, err := url.Parse(begun.PopupURL)
	if err != nil {
		t.Fatal(err)
	}
	q := popup.Query()
	for key, want := range map[string]string{
		"accountToken": begun.Token, "channelId": app.channel, "inboxId": desk, "portalId": "24681012", "redirectUrl": begun.RedirectURL, "userId": "",
	} {
		diff(t, key, want, q.Get(key))
	}
	if c := page[hubspottest.Connection](b, "GET", "connections/"+begun.Token, nil, http.StatusOK); c.Done {
		t.Errorf("got %+v", c)
	}
	events := b.stream()
	defer events.stop()
	events.next()
	b.token = app.token
	b.want(b.call("PATCH", channelBase+"/"+app.channel+"/channel-account-staging-tokens/"+begun.Token,
		object{"accountName": "Shop", "deliveryIdentifier": opaque("shop")}), http.StatusOK)
	b.want(b.send("GET", begun.RedirectURL, nil), http.StatusOK)
	c := page[hubspottest.Connection](b, "GET", "connections/"+begun.Token, nil, http.StatusOK)
	if !c.Done || c.Account == nil || c.Account.InboxID != desk {
		t.Fatalf("got %+v", c)
	}
	events.next() // state
	if e := events.next(); e.Name != "connection" || e.Data["token"] != begun.Token {
		t.Errorf("got %+v", e)
	}

	one := "accounts/" + c.Account.ID
	edited := page[hubspottest.Account](b, "PATCH", one, object{"name": "Corner shop", "active": false, "inboxId": got.Inboxes[0].ID}, http.StatusOK)
	if edited.Name != "Corner shop" || edited.Active || edited.InboxID != got.Inboxes[0].ID {
		t.Errorf("got %+v", edited)
	}
	routed := page[hubspottest.Account](b, "PUT", one+"/routing", object{"assignTo": "USERS", "teams": []string{"Sales"}, "properties": object{"Topic": "Returns"}}, http.StatusOK)
	if routed.Routing.Teams[0] != "Sales" || routed.Routing.Properties["Topic"] != "Returns" {
		t.Errorf("got %+v", routed)
	}
	page[object](b, "DELETE", one, nil, http.StatusOK)
	page[object](b, "DELETE", one, nil, http.StatusNotFound)
	page[object](b, "DELETE", "install", nil, http.StatusOK)
	if got := page[state](b, "GET", "state", nil, http.StatusOK); len(got.Channels) != 0 {
		t.Errorf("channels of an app that is not installed: %+v", got.Channels)
	}
	page[object](b, "POST", "connections", object{"channelId": app.channel}, http.StatusConflict)
	page[object](b, "GET", "connections/x", nil, http.StatusNotFound)

	page[hubspottest.Portal](b, "POST", "portals", object{"id": otherPortal, "name": "Other"}, http.StatusCreated)
	page[object](b, "POST", "portals", object{"id": 0}, http.StatusBadRequest)
	if got := page[state](b, "GET", "state?portal=97531", nil, http.StatusOK); len(got.Portals) != 2 || len(got.Accounts) != 0 {
		t.Errorf("got %+v", got)
	}
	changed := page[hubspottest.User](b, "PUT", "users/"+jo+"?portal=97531", object{"seat": "SALES", "team": "Sales"}, http.StatusOK)
	if changed.Name != "Jo Lind" || changed.Seat != "SALES" || b.Users(portalID)[2].Seat != "" {
		t.Errorf("got %+v", changed)
	}
	page[hubspottest.User](b, "POST", "users", object{"actorId": "A-9", "name": "Lee"}, http.StatusOK)
	page[object](b, "PUT", "users/A-77", object{}, http.StatusNotFound)
}

// TestPageRoles: what is not for everybody is refused, and says to whom it is.
func TestPageRoles(t *testing.T) {
	s := newShop(t, hubspottest.Config{}, nil)
	one := "accounts/" + s.account
	for _, tt := range []struct{ method, path, user string }{
		{"POST", "install", noor}, {"DELETE", "install", noor}, {"POST", "connect", noor}, {"POST", "connections", noor},
		{"PATCH", one, noor}, {"DELETE", one, noor}, {"POST", "users", noor}, {"PUT", one + "/routing", jo},
	} {
		a := s.want(s.send(tt.method, pageBase+tt.path+"?user="+tt.user, object{}), http.StatusForbidden)
		if a.text("message") == "" {
			t.Errorf("%s %s: %v", tt.method, tt.path, a)
		}
	}
	page[object](s.bench, "PUT", one+"/routing?user="+noor, object{}, http.StatusOK)
	if got := page[object](s.bench, "GET", "state?user="+jo, nil, http.StatusOK)["can"]; !cmpEqual(got, object{"connect": false, "route": false}) {
		t.Errorf("got %v", got)
	}
}

func cmpEqual(a, b any) bool {
	x, _ := json.Marshal(a)
	y, _ := json.Marshal(b)
	return bytes.Equal(x, y)
}

func TestPageDeveloper(t *testing.T) {
	s := newShop(t, hubspottest.Config{}, nil)
	s.say("m1", "Hi")
	s.reply("Hello")
	dev := page[object](s.bench, "PUT", "developer", object{"installUrl": appURL + "/x", "appWebhookUrl": appURL + "/app"}, http.StatusOK)
	if dev["installUrl"] != appURL+"/x" || dev["appWebhookUrl"] != appURL+"/app" || len(dev["channels"].([]any)) != 1 ||
		len(dev["installs"].([]any)) != 1 || len(dev["waiting"].([]any)) != 1 || len(dev["scopes"].([]any)) != len(allScopes) {
		t.Errorf("got %v", dev)
	}
	raw := s.send("GET", pageBase+"developer", nil).raw
	if strings.Contains(raw, s.ClientSecret()) || strings.Contains(raw, s.DeveloperKey()) {
		t.Error("the credentials are shown without being asked for")
	}
	credentials := page[object](s.bench, "POST", "developer/credentials", nil, http.StatusOK)
	if credentials["clientSecret"] != s.ClientSecret() || credentials["developerKey"] != s.DeveloperKey() {
		t.Errorf("got %v", credentials)
	}
	s.want(s.send("POST", pageBase+"developer/credentials", nil, "Origin", "https://evil.test"), http.StatusForbidden)

	page[[]object](s.bench, "PUT", "knobs", object{"EmptyText": true}, http.StatusOK)
	if !s.Readings().EmptyText || s.Readings().FullRefresh {
		t.Errorf("got %+v", s.Readings())
	}
	on := 0
	for _, k := range page[[]object](s.bench, "GET", "knobs", nil, http.StatusOK) {
		if k["on"] == true {
			on++
		}
	}
	if on != 1 {
		t.Errorf("%d knobs are on", on)
	}
	page[object](s.bench, "PUT", "knobs", object{"Dreams": true}, http.StatusBadRequest)

	before := s.Now()
	page[object](s.bench, "POST", "clock", object{"advanceSeconds": 90}, http.StatusOK)
	if got := page[object](s.bench, "GET", "clock", nil, http.StatusOK); got["aheadSeconds"] != 90.0 || s.Now().Sub(before) < 90e9 {
		t.Errorf("got %v", got)
	}
	page[object](s.bench, "POST", "clock", object{"advanceSeconds": -1}, http.StatusBadRequest)

	all := page[[]hubspottest.Entry](s.bench, "GET", "/simulator/journal", nil, http.StatusOK)
	rest := page[[]hubspottest.Entry](s.bench, "GET", "/simulator/journal?after=2&operation=message.publish", nil, http.StatusOK)
	if len(rest) != 1 || len(all) < 4 {
		t.Errorf("got %+v of %d", rest, len(all))
	}
}

func TestPageFaults(t *testing.T) {
	s := newShop(t, hubspottest.Config{}, nil)
	made := page[object](s.bench, "POST", "faults", object{
		"operation": "inbox.list", "nth": 2, "form": "HTML", "portalId": portalID, "delayMs": 1, "retryAfterSeconds": 7,
	}, http.StatusCreated)
	page[object](s.bench, "POST", "faults", object{"operation": "message.publish", "reset": "AFTER"}, http.StatusCreated)
	s.want(s.call("GET", helpers+"/inboxes", nil), http.StatusOK)
	failed := s.want(s.call("GET", helpers+"/inboxes", nil), http.StatusBadGateway)
	if !strings.HasPrefix(failed.header.Get("Content-Type"), "text/html") || failed.header.Get("Retry-After") != "7" {
		t.Errorf("got %v %v", failed, failed.header)
	}
	if got := s.try("m1"); got != 0 || len(s.Threads()) != 1 {
		t.Errorf("got %d", got)
	}
	list := page[struct {
		Faults            []object
		Forms, Operations []string
	}](s.bench, "GET", "faults", nil, http.StatusOK)
	first := list.Faults[0]
	if len(list.Faults) != 2 || first["seen"] != 2.0 || first["played"] != 1.0 || first["delayMs"] != 1.0 || list.Faults[1]["reset"] != "AFTER" ||
		len(list.Forms) != len(hubspottest.ErrorForms()) || len(list.Operations) < 40 {
		t.Errorf("got %+v", list)
	}
	page[object](s.bench, "DELETE", "faults/"+made["id"].(string), nil, http.StatusOK)
	page[object](s.bench, "DELETE", "faults/"+made["id"].(string), nil, http.StatusNotFound)
	page[object](s.bench, "DELETE", "faults", nil, http.StatusOK)
	if got := s.Faults(); len(got) != 0 {
		t.Errorf("got %+v", got)
	}
	for _, bad := range []object{
		{}, {"operation": "dream.list"}, {"operation": "inbox.list", "form": "DREAM"}, {"operation": "inbox.list", "reset": "SOMETIMES"},
		{"operation": "inbox.list", "status": 7}, {"operation": "inbox.list", "nth": -1},
	} {
		page[object](s.bench, "POST", "faults", bad, http.StatusBadRequest)
	}
}

func TestPageLogo(t *testing.T) {
	s := newShop(t, hubspottest.Config{}, nil)
	logo := "channels/" + s.channel + "/logo"
	page[object](s.bench, "GET", logo, nil, http.StatusNotFound)
	answers := map[string]func(http.ResponseWriter){
		"/logo.png": func(w http.ResponseWriter) {
			w.Header().Set("Content-Type", "image/png")
			_, _ = w.Write([]byte(png))
		},
		"/logo.svg": func(w http.ResponseWriter) {
			w.Header().Set("Content-Type", "image/svg+xml")
			_, _ = w.Write([]byte(png))
		},
		"/page": func(w http.ResponseWriter) { _, _ = w.Write([]byte("<html>")) },
		"/huge": func(w http.ResponseWriter) {
			w.Header().Set("Content-Type", "image/png")
			_, _ = w.Write(make([]byte, 1<<20+1))
		},
	}
	s.hosts["app.test"] = handled{http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if answer := answers[r.URL.Path]; answer != nil {
			answer(w)
			return
		}
		w.WriteHeader(http.StatusNotFound)
	})}
	for address, want := range map[string]int{
		appURL + "/logo.png": http.StatusOK, appURL + "/logo.svg": http.StatusOK, appURL + "/page": http.StatusBadGateway, appURL + "/huge": http.StatusBadGateway,
		appURL + "/nothing": http.StatusBadGateway, "http://nobody.test/": http.StatusBadGateway,
	} {
		s.want(s.register("PATCH", channelBase+"/"+s.channel, object{"channelLogoUrl": address}), http.StatusOK)
		a := s.want(s.send("GET", pageBase+logo, nil), want)
		if want == http.StatusOK && (a.raw != png || !strings.HasPrefix(a.header.Get("Content-Security-Policy"), "sandbox; default-src 'none'") ||
			a.header.Get("X-Content-Type-Options") != "nosniff") {
			t.Errorf("got %v", a.header)
		}
	}
}

// TestPageLogoIsPatient: an app that never answers does not hold the page up.
func TestPageLogoIsPatient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShop(t, hubspottest.Config{}, nil)
		s.hosts["app.test"] = handled{http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })}
		s.want(s.register("PATCH", channelBase+"/"+s.channel, object{"channelLogoUrl": appURL + "/logo.png"}), http.StatusOK)
		s.want(s.send("GET", pageBase+"channels/"+s.channel+"/logo", nil), http.StatusBadGateway)
	})
}
