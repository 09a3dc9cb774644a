package hubspottest_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/customchannels/customchannels-go/channels/hubspottest"
)

func TestChannels(t *testing.T) {
	for _, base := range []string{
		"/conversations/v3/custom-channels", "/conversations/custom-channels/2026-03", "/conversations/custom-channels/2026-09",
	} {
		t.Run(base, func(t *testing.T) {
			b := newBench(t, hubspottest.Config{})
			made := b.want(b.register("POST", base, object{
				"name": "Acme Chat", "channelDescription": "Chat", "capabilities": object{"richText": []string{"BOLD"}, "somethingNew": 1},
			}), http.StatusCreated)
			one := base + "/" + made.text("id")
			diff(t, "created", object{
				"id": made.text("id"), "name": "Acme Chat", "channelDescription": "Chat", "createdAt": made.text("createdAt"),
				"capabilities": object{"richText": []any{"BOLD"}, "somethingNew": 1.0},
			}, made.body)

			changed := b.want(b.register("PATCH", one, object{"webhookUrl": "https://app.example.test/w", "channelLogoUrl": nil}), http.StatusOK)
			diff(t, "changed", with(made.body, object{"webhookUrl": "https://app.example.test/w"}), changed.body)
			diff(t, "read", changed.body, b.want(b.register("GET", one, nil), http.StatusOK).body)
			diff(t, "listed", object{"total": 1.0, "results": []any{changed.body}}, b.want(b.register("GET", base, nil), http.StatusOK).body)

			b.want(b.register("DELETE", one, nil), http.StatusNoContent)
			b.want(b.register("GET", one, nil), http.StatusNotFound)
			b.want(b.register("DELETE", one, nil), http.StatusNotFound)
			diff(t, "listed", object{"total": 0.0, "results": []any{}}, b.want(b.register("GET", base, nil), http.StatusOK).body)
		})
	}
}

func TestChannelRefusals(t *testing.T) {
	b := newBench(t, hubspottest.Config{})
	key := "hapikey=" + url.QueryEscape(b.DeveloperKey())
	valid := object{"name": "x", "capabilities": object{}}
	for _, tt := range []struct {
		name, query string
		body        any
		status      int
		says        string
	}{
		{"no key", "?appId=7100001", valid, 401, "API key"},
		{"wrong key", "?appId=7100001&hapikey=x", valid, 401, "API key"},
		{"other app", "?appId=5&" + key, valid, 400, "appId"},
		{"no name", "?appId=7100001&" + key, with(valid, object{"name": " "}), 400, "name must not be blank"},
		{"no capabilities", "?appId=7100001&" + key, with(valid, object{"capabilities": nil}), 400, "capabilities"},
		{"relative URL", "?appId=7100001&" + key, with(valid, object{"webhookUrl": "/w"}), 400, "webhookUrl must be an absolute URL"},
		{"several reasons", "?appId=7100001&" + key, object{}, 400, "Multiple errors validating request."},
		{"no JSON", "?appId=7100001&" + key, "{", 400, "Invalid input JSON"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := b.send("POST", channelBase+tt.query, tt.body)
			if a.status != tt.status || !strings.Contains(a.text("message"), tt.says) || a.text("status") != "error" || a.text("correlationId") == "" {
				t.Errorf("got %v, want %d with %q", a, tt.status, tt.says)
			}
		})
	}
	b.want(b.send("POST", channelBase, valid, "Authorization", "Bearer x"), http.StatusUnauthorized)
}

func TestCapabilities(t *testing.T) {
	b := newBench(t, hubspottest.Config{})
	for _, tt := range []struct {
		name string
		caps object
		bad  []any
	}{
		{name: "none", caps: object{}},
		{name: "unknown keys are kept", caps: object{"next": object{"a": 1}}},
		{name: "identifier objects", caps: object{"deliveryIdentifierTypes": []object{{"type": "HS_EMAIL_ADDRESS"}}},
			bad: []any{`"deliveryIdentifierTypes": [{"type":"HS_EMAIL_ADDRESS"}]`}},
		{name: "unknown type", caps: object{"deliveryIdentifierTypes": []string{"EMAIL"}}, bad: []any{`"deliveryIdentifierTypes": ["EMAIL"]`}},
		{name: "null", caps: object{"allowOutgoingMessages": nil}, bad: []any{`"allowOutgoingMessages": null`}},
		{name: "text for a bool", caps: object{"allowOutgoingMessages": "true"}, bad: []any{`"allowOutgoingMessages": "true"`}},
		{name: "two", caps: object{"threadingModel": "X", "maxFileAttachmentCount": -1}, bad: []any{`"maxFileAttachmentCount": -1`, `"threadingModel": "X"`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := b.register("POST", channelBase, object{"name": "x", "capabilities": tt.caps})
			if tt.bad == nil {
				b.want(a, http.StatusCreated)
				return
			}
			b.want(a, http.StatusBadRequest)
			diff(t, "context", object{"capabilityKeysAndValues": tt.bad}, a.body["context"].(object))
			if a.text("subCategory") != "CustomChannelsError.INVALID_CHANNEL_CAPABILITY_VALUES" {
				t.Errorf("got %v", a)
			}
		})
	}
}

func TestCapabilitiesOfAnUpdate(t *testing.T) {
	for _, tt := range []struct {
		name  string
		merge bool
		want  object
	}{
		{"replace", false, object{"allowInlineImages": true}},
		{"merge", true, object{"allowInlineImages": true, "richText": []any{"BOLD"}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := newBench(t, hubspottest.Config{Readings: hubspottest.Readings{CapabilitiesMerge: tt.merge}})
			made := b.register("POST", channelBase, object{"name": "x", "capabilities": object{"richText": []string{"BOLD"}}})
			changed := b.register("PATCH", channelBase+"/"+made.text("id"), object{"capabilities": object{"allowInlineImages": true}})
			diff(t, "capabilities", any(tt.want), changed.body["capabilities"])
		})
	}
}

func TestChannelVisibility(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newInstalled(t, hubspottest.Config{ChannelVisibleAfter: time.Minute})
		made := b.want(b.register("POST", channelBase, object{"name": "x", "capabilities": object{}}), http.StatusCreated)
		accounts := channelBase + "/" + made.text("id") + "/channel-accounts"
		b.want(b.call("GET", accounts, nil), http.StatusNotFound)
		if got := b.register("GET", channelBase, nil).body["total"]; got != 0.0 {
			t.Errorf("%v channels are listed at once", got)
		}
		time.Sleep(time.Minute)
		b.want(b.call("GET", accounts, nil), http.StatusOK)
		if got := b.register("GET", channelBase, nil).body["total"]; got != 1.0 {
			t.Errorf("%v channels are listed later", got)
		}
	})
}

func TestPaging(t *testing.T) {
	b := newBench(t, hubspottest.Config{})
	for range 5 {
		b.want(b.register("POST", channelBase, object{"name": "x", "capabilities": object{}}), http.StatusCreated)
	}
	seen := map[any]bool{}
	path := channelBase + "?limit=2"
	for pages := 1; ; pages++ {
		a := b.want(b.register("GET", path, nil), http.StatusOK)
		for _, r := range a.body["results"].([]any) {
			seen[r.(object)["id"]] = true
		}
		paging, _ := a.body["paging"].(object)
		if paging == nil {
			if pages != 3 || len(seen) != 5 {
				t.Errorf("%d pages with %d channels", pages, len(seen))
			}
			break
		}
		if strings.Contains(a.raw, b.DeveloperKey()) {
			t.Error("the link to the next page shows the key")
		}
		path = channelBase + "?limit=2&after=" + paging["next"].(object)["after"].(string)
	}
	b.want(b.register("GET", channelBase+"?after=nonsense", nil), http.StatusBadRequest)
	b.want(b.register("GET", channelBase+"?limit=0", nil), http.StatusBadRequest)
}
