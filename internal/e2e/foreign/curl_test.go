package foreign

import (
	"encoding/json"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/customchannels/customchannels-go/channels/hubspottest"
)

// TestCurl makes an app's calls as one would on a command line: each is curl with the arguments of a line, in which {names}
// stand for what an answer before held.
func TestCurl(t *testing.T) {
	curl, err := exec.LookPath("curl")
	if err != nil {
		missing(t, err, "curl, such as with apt-get install curl")
	}
	w := newWorld(t, hubspottest.Config{})
	known := map[string]string{
		"hubspot": w.URL(), "code": w.install(), "redirect": w.redirectURI(), "client": w.ClientID(), "secret": w.ClientSecret(),
		"key": w.DeveloperKey(), "app": strconv.FormatInt(w.AppID(), 10), "webhook": w.app.URL + "/webhook", "inbox": w.Inboxes(portal)[0].ID,
	}
	recipes := []struct {
		name  string
		args  []string
		keeps map[string]string // name: member of the answer
	}{
		{"exchange the code", []string{"-d", "grant_type=authorization_code", "-d", "code={code}", "--data-urlencode", "redirect_uri={redirect}",
			"-d", "client_id={client}", "-d", "client_secret={secret}", "{hubspot}/oauth/2026-09/token"},
			map[string]string{"refresh": "refresh_token"}},
		{"refresh the token", []string{"-d", "grant_type=refresh_token", "-d", "refresh_token={refresh}",
			"-d", "client_id={client}", "-d", "client_secret={secret}", "{hubspot}/oauth/2026-09/token"},
			map[string]string{"token": "access_token"}},
		{"register a channel", []string{"--json", `{"name": "Smoke signals", "webhookUrl": "{webhook}", "capabilities": {
			"deliveryIdentifierTypes": ["HS_PHONE_NUMBER"], "threadingModel": "DELIVERY_IDENTIFIER", "richText": [], "allowInlineImages": false,
			"allowOutgoingMessages": true, "allowConversationStart": false, "outgoingAttachmentTypes": [], "allowedFileAttachmentMimeTypes": [],
			"maxFileAttachmentCount": 0, "maxFileAttachmentSizeBytes": 0, "maxTotalFileAttachmentSizeBytes": 0}}`,
			"{hubspot}/conversations/custom-channels/2026-09?hapikey={key}&appId={app}"},
			map[string]string{"channel": "id"}},
		{"connect an account", []string{"-H", "Authorization: Bearer {token}", "--json", `{"name": "The hill", "inboxId": "{inbox}", "authorized": true,
			"deliveryIdentifier": {"type": "HS_PHONE_NUMBER", "value": "+14155550199"}}`,
			"{hubspot}/conversations/custom-channels/2026-09/{channel}/channel-accounts"},
			map[string]string{"account": "id"}},
		{"publish a message", []string{"-H", "Authorization: Bearer {token}", "--json", `{"text": "Puff", "messageDirection": "INCOMING",
			"channelAccountId": "{account}", "integrationIdempotencyId": "puff-1", "timestamp": "2026-10-01T09:25:00Z", "attachments": [],
			"senders": [{"name": "Ada", "deliveryIdentifier": {"type": "HS_PHONE_NUMBER", "value": "+14155550100"}}],
			"recipients": [{"name": "The hill", "deliveryIdentifier": {"type": "HS_PHONE_NUMBER", "value": "+14155550199"}}]}`,
			"{hubspot}/conversations/custom-channels/2026-09/{channel}/messages"},
			map[string]string{"thread": "conversationsThreadId"}},
	}
	run := func(args []string) map[string]any {
		var named []string
		for name, value := range known {
			named = append(named, "{"+name+"}", value)
		}
		replace := strings.NewReplacer(named...)
		full := []string{"--silent", "--show-error", "--fail-with-body"}
		for _, arg := range args {
			full = append(full, replace.Replace(arg))
		}
		out, err := exec.CommandContext(t.Context(), curl, full...).Output()
		if err != nil {
			t.Fatalf("curl %q: %v\n%s", full, err, out)
		}
		var answer map[string]any
		if err := json.Unmarshal(out, &answer); err != nil {
			t.Fatalf("curl %q printed %q: %v", full, out, err)
		}
		return answer
	}
	for _, r := range recipes {
		answer := run(r.args)
		for name, member := range r.keeps {
			value, ok := answer[member].(string)
			if !ok {
				t.Fatalf("%s: the answer has no %s: %v", r.name, member, answer)
			}
			known[name] = value
		}
	}

	if _, err := w.Reply(known["thread"], hubspottest.Reply{Text: "Puff, puff"}); err != nil {
		t.Fatal(err)
	}
	var event struct{ Message struct{ ID string } }
	if err := json.Unmarshal(w.next("OUTGOING_CHANNEL_MESSAGE_CREATED").body, &event); err != nil {
		t.Fatal(err)
	}
	known["message"] = event.Message.ID
	run([]string{"-X", "PATCH", "-H", "Authorization: Bearer {token}", "--json", `{"statusType": "FAILED", "errorMessage": "It rains"}`,
		"{hubspot}/conversations/custom-channels/2026-09/{channel}/messages/{message}"})

	var got []string
	for _, m := range w.Messages(known["thread"]) {
		got = append(got, strings.TrimSpace(m.Direction+" "+m.Text+" "+m.Status+" "+m.Reason))
	}
	if diff := cmp.Diff([]string{"INCOMING Puff", "OUTGOING Puff, puff FAILED It rains"}, got); diff != "" {
		t.Errorf("the thread (-want +got):\n%s", diff)
	}
}
