package hubspottest_test

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/customchannels/customchannels-go/channels/hubspottest"
)

// png is the smallest start of a PNG picture.
const png = "\x89PNG\r\n\x1a\n----"

// upload uploads a file; fields change the other parts, nil removes one.
func (b *bench) upload(name, content string, fields map[string]any) *answer {
	b.t.Helper()
	parts := map[string]any{"options": `{"access":"PRIVATE"}`, "folderPath": "/"}
	for k, v := range fields {
		parts[k] = v
	}
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for k, v := range parts {
		if v != nil {
			_ = w.WriteField(k, v.(string)) // into memory
		}
	}
	if name == "" {
		_ = w.WriteField("file", content)
	} else if part, err := w.CreateFormFile("file", name); err == nil {
		_, _ = part.Write([]byte(content))
	}
	_ = w.Close()
	return b.send("POST", "/files/v3/files", body.String(), "Authorization", "Bearer "+b.token, "Content-Type", w.FormDataContentType())
}

func TestFiles(t *testing.T) {
	b := newInstalled(t, hubspottest.Config{})
	made := b.want(b.upload("cat.photo.png", png, nil), http.StatusCreated)
	id := made.text("id")
	for key, want := range (object{
		"name": "cat.photo", "extension": "png", "type": "IMG", "size": float64(len(png)), "access": "PRIVATE", "path": "/cat.photo.png",
	}) {
		diff(t, key, want, made.body[key])
	}
	diff(t, "read", made.body, b.want(b.call("GET", "/files/v3/files/"+id, nil), http.StatusOK).body)
	if again := b.upload("cat.photo.png", png, nil); again.text("name") != "cat.photo-1" {
		t.Errorf("a second file of that name is called %q", again.text("name"))
	}

	b.want(b.send("GET", made.text("url"), nil), http.StatusNotFound)
	signed := b.want(b.call("GET", "/files/v3/files/"+id+"/signed-url", nil), http.StatusOK)
	got := b.want(b.send("GET", signed.text("url"), nil), http.StatusOK)
	if got.raw != png || got.header.Get("Content-Type") != "application/octet-stream" {
		t.Errorf("downloaded %q as %s", got.raw, got.header.Get("Content-Type"))
	}
	if got := b.call("GET", "/files/v3/files/"+id+"/download", nil); got.raw != png {
		t.Errorf("downloaded %q with the token", got.raw)
	}
	b.want(b.send("GET", strings.Replace(signed.text("url"), "signature=", "signature=0", 1), nil), http.StatusForbidden)

	public := b.upload("note.txt", "hi", map[string]any{"options": `{"access":"PUBLIC_NOT_INDEXABLE"}`, "fileName": "a b.txt"})
	if got := b.want(b.send("GET", public.text("url"), nil), http.StatusOK); got.raw != "hi" || public.text("name") != "a b" {
		t.Errorf("downloaded %q of %v", got.raw, public)
	}
	hidden := b.upload("secret.txt", "hi", map[string]any{"options": `{"access":"HIDDEN_PRIVATE"}`}).text("id")
	b.want(b.call("GET", "/files/v3/files/"+hidden+"/signed-url", nil), http.StatusNotFound)
	b.token = b.install(portalID, "files", "files.ui_hidden.read")
	b.want(b.call("GET", "/files/v3/files/"+hidden+"/signed-url", nil), http.StatusOK)

	if err := b.AddPortal(otherPortal, "Other"); err != nil {
		t.Fatal(err)
	}
	b.token = b.install(otherPortal, "files")
	b.want(b.call("GET", "/files/v3/files/"+id, nil), http.StatusNotFound)
}

// TestRecordings: an extension may stand for sound or for film.
func TestRecordings(t *testing.T) {
	s := newShop(t, hubspottest.Config{}, object{"allowedFileAttachmentMimeTypes": []string{"*/*"}})
	thread := s.say("m1", "Hi")
	for _, tt := range []struct{ name, declared, want string }{
		{"a.webm", "", "video/webm"},
		{"a.WEBM", "application/octet-stream", "video/webm"},
		{"a.webm", "audio/webm;codecs=opus", "audio/webm"},
		{"a.mp4", "audio/mp4", "audio/mp4"},
		{"a.mp4", "", "video/mp4"},
		{"a.png", "audio/mp4", "image/png"},
		{"a.html", "video/mp4", "text/html; charset=utf-8"},
		{"a.webm", "text/html", "video/webm"},
		{"recording", "audio/ogg", "audio/ogg"},
		{"picture", "", "image/png"},
	} {
		t.Run(tt.name+" "+tt.declared, func(t *testing.T) {
			m, err := s.Reply(thread, hubspottest.Reply{Files: []hubspottest.Upload{{Name: tt.name, ContentType: tt.declared, Content: []byte(png)}}})
			if err != nil {
				t.Fatal(err)
			}
			diff(t, "content type", tt.want, m.Attachments[0].ContentType)
		})
	}
}

func TestSignedURLsExpire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newInstalled(t, hubspottest.Config{})
		id := b.upload("cat.png", png, nil).text("id")
		signed := b.call("GET", "/files/v3/files/"+id+"/signed-url?expirationSeconds=60", nil).text("url")
		time.Sleep(59 * time.Second)
		b.want(b.send("GET", signed, nil), http.StatusOK)
		time.Sleep(time.Second)
		b.want(b.send("GET", signed, nil), http.StatusForbidden)
	})
}

func TestUploadRefusals(t *testing.T) {
	b := newInstalled(t, hubspottest.Config{})
	for _, tt := range []struct {
		name, file string
		fields     map[string]any
		says       string
	}{
		{"no file name", "", nil, "Could not determine name from file"},
		{"no options", "a.png", map[string]any{"options": nil}, "options"},
		{"unknown access", "a.png", map[string]any{"options": `{"access":"SECRET"}`}, "options.access"},
		{"no folder", "a.png", map[string]any{"folderPath": nil}, "folderId and folderPath"},
		{"two folders", "a.png", map[string]any{"folderId": "1"}, "folderId and folderPath"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := b.upload(tt.file, png, tt.fields)
			if a.status != http.StatusBadRequest || !strings.Contains(a.text("message"), tt.says) {
				t.Errorf("got %v, want 400 with %q", a, tt.says)
			}
		})
	}
	b.want(b.call("POST", "/files/v3/files", object{}), http.StatusUnsupportedMediaType)
	b.want(b.call("GET", "/files/v3/files/1", nil), http.StatusNotFound)
}
