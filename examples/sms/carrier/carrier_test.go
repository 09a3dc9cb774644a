package carrier_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/customchannels/customchannels-go/examples/sms/carrier"
)

// world is a service with an app that notes what it is told.
type world struct {
	service *carrier.Service
	url     string
	told    []string
}

func newWorld(t *testing.T, cfg carrier.Config) *world {
	t.Helper()
	w := &world{service: carrier.New(cfg)}
	server := httptest.NewServer(w.service)
	t.Cleanup(server.Close)
	w.url = server.URL
	w.service.SetURL(w.url)
	app := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			_, _ = io.WriteString(rw, "GIF89a")
			return
		}
		body := r.PostFormValue("Body")
		if want := carrier.Sign(w.service.AuthToken(), "http://"+r.Host+r.URL.RequestURI(), r.PostForm); r.Header.Get("X-Twilio-Signature") != want {
			t.Errorf("the signature of %s does not verify", r.URL)
		}
		w.told = append(w.told, strings.TrimSpace(fmt.Sprint(r.URL.Path, " ", body, r.PostFormValue("MessageStatus"), " ", r.PostFormValue("ErrorCode"))))
	}))
	t.Cleanup(app.Close)
	status, _ := w.call(t, "IncomingPhoneNumbers/PN0001.json", url.Values{"SmsUrl": {app.URL + "/incoming#rc=5"}})
	if status != http.StatusOK {
		t.Fatalf("setting the webhook was answered %d", status)
	}
	w.told = nil
	return w
}

// call posts to the API.
func (w *world) call(t *testing.T, path string, form url.Values, header ...string) (status int, answer map[string]any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.url+"/2010-04-01/Accounts/"+w.service.AccountSID()+"/"+path, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.SetBasicAuth(w.service.AccountSID(), w.service.AuthToken())
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, answer
}

func (w *world) send(t *testing.T, form url.Values, header ...string) (status int, answer map[string]any) {
	t.Helper()
	form.Set("From", w.service.Number())
	form.Set("StatusCallback", w.service.Webhook()+"/status")
	return w.call(t, "Messages.json", form, header...)
}

const ada = "+14155550123"

// TestDelivery follows two messages to the phone and one from it.
func TestDelivery(t *testing.T) {
	w := newWorld(t, carrier.Config{})
	if _, err := w.service.Write(ada, "Hello"); err != nil {
		t.Fatal(err)
	}
	status, first := w.send(t, url.Values{"To": {ada}, "Body": {"Hello!"}}, "Idempotency-Key", "1")
	if status != http.StatusCreated || first["status"] != "queued" {
		t.Errorf("a message is answered %d %v", status, first)
	}
	if _, again := w.send(t, url.Values{"To": {ada}, "Body": {"Hello!"}}, "Idempotency-Key", "1"); again["sid"] != first["sid"] {
		t.Errorf("the same message sent again is %v, want %v", again["sid"], first["sid"])
	}
	w.send(t, url.Values{"To": {ada}, "MediaUrl": {w.service.Webhook()}})
	w.send(t, url.Values{"To": {ada}, "MediaUrl": {"http://127.0.0.1:1/"}})
	w.service.Drain(t.Context())
	w.service.Read(first["sid"].(string))
	w.service.Drain(t.Context())
	want := []string{
		"/incoming Hello", "/incoming/status sent", "/incoming/status delivered", "/incoming/status sent", "/incoming/status delivered",
		"/incoming/status sent", "/incoming/status failed 11200", "/incoming/status read",
	}
	if diff := cmp.Diff(want, w.told); diff != "" {
		t.Errorf("what the app was told differs (-want +got):\n%s", diff)
	}
	if n := len(w.service.Messages(ada)); n != 4 {
		t.Errorf("there are %d messages, want 4", n)
	}
}

// TestRefusals sends what cannot be sent.
func TestRefusals(t *testing.T) {
	now := time.Now()
	w := newWorld(t, carrier.Config{Window: time.Hour, Now: func() time.Time { return now }})
	for _, text := range []string{"Hello", "STOP"} {
		if _, err := w.service.Write(map[string]string{"Hello": ada, "STOP": "+14155550199"}[text], text); err != nil {
			t.Fatal(err)
		}
	}
	code := func(to, text string) any {
		_, answer := w.send(t, url.Values{"To": {to}, "Body": {text}})
		return answer["code"]
	}
	for what, test := range map[string]struct{ got, want any }{
		"taken":           {code(ada, "x"), nil},
		"no number":       {code("me", "x"), 21211.0},
		"nothing":         {code(ada, ""), 21619.0},
		"too long":        {code(ada, strings.Repeat("x", 1601)), 21617.0},
		"a stopped phone": {code("+14155550199", "x"), 21610.0},
		"a stranger":      {code("+14155550198", "x"), 63016.0},
	} {
		if test.got != test.want {
			t.Errorf("%s: error %v, want %v", what, test.got, test.want)
		}
	}
	now = now.Add(2 * time.Hour)
	if got := code(ada, "x"); got != 63016.0 {
		t.Errorf("after the window: error %v, want 63016", got)
	}
	w.service.Refuse(carrier.Refusal{Status: http.StatusTooManyRequests, Code: 20429, RetryAfter: time.Minute})
	if got := code(ada, "x"); got != 20429.0 {
		t.Errorf("error %v, want the refusal 20429", got)
	}
	before := w.service.AuthToken()
	w.service.Revoke()
	if before == w.service.AuthToken() {
		t.Error("the token is the same after it was revoked")
	}
}

// TestPhonePage writes from the page, with a picture, and gets nothing of another site's through.
func TestPhonePage(t *testing.T) {
	w := newWorld(t, carrier.Config{})
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	_ = form.WriteField("text", "Look")
	file, _ := form.CreateFormFile("file", "a.gif")
	_, _ = io.WriteString(file, "GIF89a")
	_ = form.Close()
	post := func(origin string) int {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.url+"/phone/messages", bytes.NewReader(body.Bytes()))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", form.FormDataContentType())
		req.Header.Set("Origin", origin)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		return resp.StatusCode
	}
	if got := post("http://elsewhere.test"); got != http.StatusForbidden {
		t.Errorf("a form of another site is answered %d, want 403", got)
	}
	if got := post(w.url); got != http.StatusOK {
		t.Errorf("the page's form is answered %d, want 200", got)
	}
	for path, want := range map[string]string{
		"/": "<!doctype html>", "/phone/messages": `"text":"Look"`,
		"/phone/files/" + w.service.Messages(ada)[0].Files[0].ID: "GIF89a",
	} {
		resp, err := http.Get(w.url + path)
		if err != nil {
			t.Fatal(err)
		}
		got, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if !bytes.Contains(got, []byte(want)) {
			t.Errorf("%s is %.80q, want %q in it", path, got, want)
		}
	}
}

// ExampleService has a customer write to a number that an app has connected.
func ExampleService() {
	service := carrier.New(carrier.Config{AccountSID: "AC1", AuthToken: "secret"})
	server := httptest.NewServer(service)
	defer server.Close()
	service.SetURL(server.URL)
	app := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		fmt.Println(r.PostFormValue("From"), "writes:", r.PostFormValue("Body"))
	}))
	defer app.Close()
	number := strings.Replace(server.URL, "http://", "http://AC1:secret@", 1) + "/2010-04-01/Accounts/AC1/IncomingPhoneNumbers/PN0001.json"
	if _, err := http.PostForm(number, url.Values{"SmsUrl": {app.URL}}); err != nil {
		fmt.Println(err)
	}
	if _, err := service.Write("+14155550123", "Is it open?"); err != nil {
		fmt.Println(err)
	}
	service.Drain(context.Background())
	// Output: +14155550123 writes: Is it open?
}
