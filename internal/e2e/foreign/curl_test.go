package foreign

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/customchannels/customchannels-go/channels/hubspottest"
)

// recipe is a call of an app's.
type recipe struct {
	name  string
	args  []string          // of curl; {names} stand for what an answer before held
	keeps map[string]string // name: path in the answer, in dots
	want  string            // what the answer says, in curl's last line: its status, and a refusal's category or status
}

// channelLine is the channel that is registered: its customers have phones, and may send and get pictures.
const channelLine = `{"name": "Smoke signals", "webhookUrl": "{webhook}", "capabilities": {
	"deliveryIdentifierTypes": ["HS_PHONE_NUMBER"], "threadingModel": "DELIVERY_IDENTIFIER", "richText": [], "allowInlineImages": false,
	"allowOutgoingMessages": true, "allowConversationStart": false, "outgoingAttachmentTypes": ["FILE"],
	"allowedFileAttachmentMimeTypes": ["image/png"], "maxFileAttachmentCount": 1, "maxFileAttachmentSizeBytes": 1000000,
	"maxTotalFileAttachmentSizeBytes": 1000000}}`

func puff(id, timestamp string) string {
	return `{"text": "Puff", "messageDirection": "INCOMING", "channelAccountId": "{account}", "integrationIdempotencyId": "` + id + `",
		"timestamp": "` + timestamp + `", "attachments": [{"type": "FILE", "fileId": "{file}", "fileUsageType": "IMAGE"}],
		"senders": [{"name": "Ada", "deliveryIdentifier": {"type": "HS_PHONE_NUMBER", "value": "+14155550100"}}],
		"recipients": [{"name": "The hill", "deliveryIdentifier": {"type": "HS_PHONE_NUMBER", "value": "+14155550199"}}]}`
}

func recipes() []recipe {
	const bearer, channels = "Authorization: Bearer {token}", "{hubspot}/conversations/custom-channels/2026-09"
	const token = "{hubspot}/oauth/2026-09/token"
	app := []string{"-d", "client_id={client}", "-d", "client_secret={secret}"}
	account := `{"name": "The hill", "inboxId": "{inbox}", "authorized": true, "deliveryIdentifier": {"type": "HS_PHONE_NUMBER", "value": "+14155550199"}}`
	return []recipe{
		{"exchange the code", append([]string{"-d", "grant_type=authorization_code", "-d", "code={code}", "--data-urlencode", "redirect_uri={redirect}", token}, app...),
			map[string]string{"refresh": "refresh_token"}, "200"},
		{"exchange it again", append([]string{"-d", "grant_type=authorization_code", "-d", "code={code}", "--data-urlencode", "redirect_uri={redirect}", token}, app...),
			nil, "400 BAD_AUTH_CODE"},
		{"refresh the token", append([]string{"-d", "grant_type=refresh_token", "-d", "refresh_token={refresh}", token}, app...),
			map[string]string{"token": "access_token"}, "200"},
		{"ask in JSON for a token", []string{"--json", `{"grant_type": "refresh_token", "refresh_token": "{refresh}"}`, token}, nil, "415 VALIDATION_ERROR"},
		{"look at the token", append([]string{"-d", "token={token}", token + "/introspect"}, app...), map[string]string{"portal": "hub_id"}, "200"},

		{"register a channel without the key", []string{"--json", channelLine, channels + "?appId={app}"}, nil, "401 INVALID_AUTHENTICATION"},
		{"register a channel", []string{"--json", channelLine, channels + "?hapikey={key}&appId={app}"}, map[string]string{"channel": "id"}, "201"},
		{"rename the channel", []string{"-X", "PATCH", "--json", `{"name": "Smoke"}`, channels + "/{channel}?hapikey={key}&appId={app}"}, nil, "200"},
		{"list the channels", []string{channels + "?hapikey={key}&appId={app}"}, map[string]string{"channel name": "results.0.name"}, "200"},

		{"connect an account", []string{"-H", bearer, "--json", account, channels + "/{channel}/channel-accounts"}, map[string]string{"account": "id"}, "201"},
		{"connect it again", []string{"-H", bearer, "--json", account, channels + "/{channel}/channel-accounts"}, nil, "409 CONFLICT"},
		{"rename the account", []string{"-H", bearer, "-X", "PATCH", "--json", `{"name": "The high hill"}`, channels + "/{channel}/channel-accounts/{account}"}, nil, "200"},
		{"list the accounts", []string{"-H", bearer, channels + "/{channel}/channel-accounts"}, map[string]string{"account name": "results.0.name"}, "200"},

		{"upload a picture", []string{"-H", bearer, "-F", "file=@{picture};type=image/png", "-F", "folderPath=/signals", "-F", `options={"access": "PRIVATE"}`, "{hubspot}/files/v3/files"},
			map[string]string{"file": "id"}, "201"},
		{"publish a message", []string{"-H", bearer, "--json", puff("puff-1", "2026-10-01T09:25:00Z"), channels + "/{channel}/messages"},
			map[string]string{"first": "id", "thread": "conversationsThreadId"}, "201"},
		{"publish without a time", []string{"-H", bearer, "--json", puff("puff-2", ""), channels + "/{channel}/messages"}, nil, "400 VALIDATION_ERROR"},
		{"read the message", []string{"-H", bearer, channels + "/{channel}/messages/{first}"}, map[string]string{"usage": "attachments.0.fileUsageType"}, "200"},
		{"read the thread", []string{"-H", bearer, "{hubspot}/conversations/conversations/2026-09/threads/{thread}"}, map[string]string{"thread status": "status"}, "200"},
		{"list the thread's messages", []string{"-H", bearer, "{hubspot}/conversations/conversations/2026-09/threads/{thread}/messages"}, map[string]string{"text": "results.0.text"}, "200"},
		{"read as nobody", []string{"{hubspot}/conversations/conversations/2026-09/threads/{thread}"}, nil, "401 INVALID_AUTHENTICATION"},
	}
}

// TestCurl makes an app's calls as one would on a command line.
func TestCurl(t *testing.T) {
	c := newCurl(t)
	w := newWorld(t, hubspottest.Config{})
	picture := filepath.Join(t.TempDir(), "smoke.png")
	if err := os.WriteFile(picture, []byte("\x89PNG\r\n\x1a\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c.known = map[string]string{
		"hubspot": w.URL(), "code": w.install(), "redirect": w.redirectURI(), "client": w.ClientID(), "secret": w.ClientSecret(), "picture": picture,
		"key": w.DeveloperKey(), "app": strconv.FormatInt(w.AppID(), 10), "webhook": w.app.URL + "/webhook", "inbox": w.Inboxes(portal)[0].ID,
	}
	for _, r := range recipes() {
		c.run(r)
	}
	learnt := map[string]string{"portal": strconv.Itoa(portal), "channel name": "Smoke", "account name": "The high hill", "usage": "IMAGE", "thread status": "OPEN", "text": "Puff"}
	for name, want := range learnt {
		if c.known[name] != want {
			t.Errorf("%s: %q, want %q", name, c.known[name], want)
		}
	}

	if _, err := w.Reply(c.known["thread"], hubspottest.Reply{Text: "Puff, puff"}); err != nil {
		t.Fatal(err)
	}
	var event struct{ Message struct{ ID string } }
	if err := json.Unmarshal(w.next("OUTGOING_CHANNEL_MESSAGE_CREATED").body, &event); err != nil {
		t.Fatal(err)
	}
	c.known["message"] = event.Message.ID
	c.run(recipe{name: "report a failure", want: "200", args: []string{"-X", "PATCH", "-H", "Authorization: Bearer {token}",
		"--json", `{"statusType": "FAILED", "errorMessage": "It rains"}`, "{hubspot}/conversations/custom-channels/2026-09/{channel}/messages/{message}"}})

	var got []string
	for _, m := range w.Messages(c.known["thread"]) {
		got = append(got, strings.TrimSpace(m.Direction+" "+m.Text+" "+m.Status+" "+m.Reason))
	}
	if diff := cmp.Diff([]string{"INCOMING Puff", "OUTGOING Puff, puff FAILED It rains"}, got); diff != "" {
		t.Errorf("the thread (-want +got):\n%s", diff)
	}
}

// curl follows recipes.
type curl struct {
	t     *testing.T
	path  string
	known map[string]string // what {names} stand for
}

func newCurl(t *testing.T) *curl {
	return &curl{t: t, path: need(t, "curl", "curl, such as with apt-get install curl")}
}

func (c *curl) run(r recipe) {
	c.t.Helper()
	var named []string
	for name, value := range c.known {
		named = append(named, "{"+name+"}", value)
	}
	replace := strings.NewReplacer(named...)
	args := []string{"--silent", "--show-error", "--max-time", "60", "--write-out", "\n%{http_code}"}
	for _, arg := range r.args {
		args = append(args, replace.Replace(arg))
	}
	out, err := exec.CommandContext(c.t.Context(), c.path, args...).Output()
	if err != nil {
		c.t.Fatalf("%s: curl %q: %v\n%s", r.name, args, err, out)
	}
	at := strings.LastIndexByte(string(out), '\n')
	text, got := string(out[:at]), string(out[at+1:])
	var answer any
	if err := json.Unmarshal([]byte(text), &answer); err != nil {
		c.t.Fatalf("%s: the answer is %q: %v", r.name, out, err)
	}
	if got >= "400" {
		reason := member(answer, "category")
		if reason == "" {
			reason = member(answer, "status") // as OAuth has it
		}
		got += " " + reason
	}
	if got != r.want {
		c.t.Fatalf("%s: got %s, want %s: %s", r.name, got, r.want, text)
	}
	for name, path := range r.keeps {
		if c.known[name] = member(answer, path); c.known[name] == "" {
			c.t.Fatalf("%s: the answer has no %s: %s", r.name, path, text)
		}
	}
}

// member finds a text or a number in an answer, or nothing.
func member(answer any, path string) string {
	for name := range strings.SplitSeq(path, ".") {
		switch in := answer.(type) {
		case map[string]any:
			answer = in[name]
		case []any:
			if i, err := strconv.Atoi(name); err == nil && i < len(in) {
				answer = in[i]
			}
		}
	}
	switch value := answer.(type) {
	case string:
		return value
	case float64:
		return strconv.FormatFloat(value, 'f', -1, 64)
	}
	return ""
}
