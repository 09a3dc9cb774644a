package messages_test

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/messages"
)

const (
	filesURL = "https://hubspot.example.test/files/v3/files"
	stored   = `{"id":122692044085,"name":"cat-3","extension":"png","type":"IMG","size":7,"access":"PRIVATE","path":"/custom-channels/cat-3.png",
		"url":"https://f.example.test/cat-3.png","width":2,"height":3,"archived":false,"createdAt":"2026-10-01T09:20:00Z","updatedAt":"2026-10-01T09:20:00Z","expiresAt":1790846400250}`
)

// parts returns the parts of a form, each as "disposition | content type | content".
func parts(t *testing.T, r request) []string {
	t.Helper()
	kind, params, err := mime.ParseMediaType(r.contentType)
	if err != nil || kind != "multipart/form-data" {
		t.Fatalf("content type %q, %v", r.contentType, err)
	}
	form := multipart.NewReader(strings.NewReader(r.body), params["boundary"])
	var all []string
	for {
		part, err := form.NextRawPart()
		if err == io.EOF {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(part)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, part.Header.Get("Content-Disposition")+" | "+part.Header.Get("Content-Type")+" | "+string(content))
	}
}

func TestUpload(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 10, 1, 9, 20, 0, 0, time.UTC)
	open := func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("content")), nil }
	for _, tt := range []struct {
		name   string
		upload messages.Upload
		known  bool // the size
		want   []string
	}{
		{"opened", messages.Upload{Name: "cat.png", ContentType: "image/png", Size: 7, Open: open}, true, []string{
			`form-data; name="options" |  | {"access":"PRIVATE"}`,
			`form-data; name="folderPath" |  | /custom-channels`,
			`form-data; name="fileName" |  | cat.png`,
			`form-data; name="file"; filename="cat.png" | image/png | content`,
		}},
		{"streamed", messages.Upload{
			Name: "a\"\r\nX: 1\n猫.bin", Body: iotest.OneByteReader(strings.NewReader("content")), Access: messages.AccessPublicNotIndexable, FolderPath: "/",
		}, false, []string{
			`form-data; name="options" |  | {"access":"PUBLIC_NOT_INDEXABLE"}`,
			`form-data; name="folderPath" |  | /`,
			"form-data; name=\"fileName\" |  | a\"\r\nX: 1\n猫.bin",
			`form-data; name="file"; filename="a\"%0D%0AX: 1%0A猫.bin" | application/octet-stream | content`,
		}},
		{"size of a reader", messages.Upload{Name: "c", Body: strings.NewReader("content")}, true, []string{
			`form-data; name="options" |  | {"access":"PRIVATE"}`,
			`form-data; name="folderPath" |  | /custom-channels`,
			`form-data; name="fileName" |  | c`,
			`form-data; name="file"; filename="c" | application/octet-stream | content`,
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server := play(answer{status: 201, body: stored})
			got, err := newClient(t, server).Upload(t.Context(), &tt.upload)
			if err != nil {
				t.Fatal(err)
			}
			want := &messages.FileInfo{
				ID: "122692044085", Name: "cat-3", Extension: "png", Type: "IMG", Size: 7, Access: messages.AccessPrivate, URL: "https://f.example.test/cat-3.png",
				Path: "/custom-channels/cat-3.png", Width: 2, Height: 3, CreatedAt: at, UpdatedAt: at, ExpiresAt: at.Add(250 * time.Millisecond),
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			if got.FileName() != "cat-3.png" {
				t.Errorf("FileName = %s", got.FileName())
			}
			r := server.requests[0]
			if r.method != "POST" || r.url != filesURL || (r.length > 0) != tt.known {
				t.Errorf("the request was %s %s with length %d", r.method, r.url, r.length)
			}
			if diff := cmp.Diff(tt.want, parts(t, r)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestUploadIsRepeatedFromItsStart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		body := bytes.NewReader([]byte("skipped content"))
		if _, err := body.Seek(int64(len("skipped ")), io.SeekStart); err != nil {
			t.Fatal(err)
		}
		server := play(answer{err: io.ErrUnexpectedEOF}, answer{status: 503}, answer{status: 503, early: true}, answer{status: 201, body: stored})
		if _, err := newClient(t, server).Upload(t.Context(), &messages.Upload{Name: "c", Body: body}); err != nil {
			t.Fatal(err)
		}
		for _, i := range []int{0, 1, 3} {
			if all := parts(t, server.requests[i]); !strings.HasSuffix(all[3], "| content") {
				t.Errorf("attempt %d sent %q", i, all[3])
			}
		}
	})
}

func TestUploadOfAStreamIsTriedOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := play(answer{status: 503, body: `{"message":"busy"}`})
		_, err := newClient(t, server).Upload(t.Context(), &messages.Upload{Name: "c", Body: io.MultiReader(strings.NewReader("x"))})
		e, ok := errors.AsType[*channels.Error](err)
		if !ok || e.StatusCode != 503 || len(server.requests) != 1 {
			t.Errorf("Upload = %v after %d requests, want the 503 after 1", err, len(server.requests))
		}
	})
}

func TestUploadIsChecked(t *testing.T) {
	t.Parallel()
	server := play(answer{status: 201, body: stored})
	for name, u := range map[string]*messages.Upload{
		"no name":      {Body: strings.NewReader("x")},
		"no content":   {Name: "c"},
		"two contents": {Name: "c", Body: strings.NewReader("x"), Open: func() (io.ReadCloser, error) { return nil, nil }},
		"content type": {Name: "c", Body: strings.NewReader("x"), ContentType: "a\r\nX: 1"},
	} {
		if _, err := newClient(t, server).Upload(t.Context(), u); !errors.Is(err, channels.ErrInvalid) {
			t.Errorf("%s: Upload = %v, want ErrInvalid", name, err)
		}
	}
	failing := &messages.Upload{Name: "c", Open: func() (io.ReadCloser, error) { return nil, io.ErrClosedPipe }}
	if _, err := newClient(t, server).Upload(t.Context(), failing); !errors.Is(err, io.ErrClosedPipe) || channels.MayHaveArrived(err) {
		t.Errorf("Upload of what cannot be opened = %v", err)
	}
	if len(server.requests) != 0 {
		t.Error("a request was made")
	}
}

func TestUploadThatEndsEarlyNeverArrives(t *testing.T) {
	t.Parallel()
	broken := &messages.Upload{Name: "c", Size: 100, Open: func() (io.ReadCloser, error) {
		return io.NopCloser(iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader("content")))), nil
	}}
	_, err := newClient(t, play(answer{status: 201, body: stored})).Upload(t.Context(), broken, channels.MaxAttempts(1))
	if !errors.Is(err, iotest.ErrTimeout) || channels.MayHaveArrived(err) {
		t.Errorf("Upload = %v (may have arrived: %v), want the reader's error", err, channels.MayHaveArrived(err))
	}
}

func TestFileReading(t *testing.T) {
	t.Parallel()
	server := play(
		answer{status: 200, body: stored},
		answer{status: 200, body: `{"url":"https://cdn.example.test/f?sig=1","expiresAt":"2026-10-01T09:20:00Z","name":"a.PDF","extension":".pdf","type":"DOCUMENT","size":5}`},
		answer{status: 200, body: "12345"},
	)
	client := newClient(t, server)
	ctx := t.Context()
	if info, err := client.FileInfo(ctx, "7"); err != nil || info.ID != "122692044085" {
		t.Errorf("FileInfo = %+v, %v", info, err)
	}
	signed, err := client.SignedURL(ctx, "7")
	if err != nil {
		t.Fatal(err)
	}
	want := &messages.SignedURL{
		URL: "https://cdn.example.test/f?sig=1", ExpiresAt: time.Date(2026, 10, 1, 9, 20, 0, 0, time.UTC),
		Name: "a.PDF", Extension: ".pdf", Type: "DOCUMENT", Size: 5,
	}
	if diff := cmp.Diff(want, signed); diff != "" || signed.FileName() != "a.PDF" {
		t.Errorf("%s\nFileName = %s", diff, signed.FileName())
	}
	stream, err := client.Download(ctx, signed.URL)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(stream.Body)
	if err := errors.Join(err, stream.Body.Close()); err != nil || string(data) != "12345" || stream.Size != 5 {
		t.Errorf("downloaded %q, %v, size %d", data, err, stream.Size)
	}
	for i, want := range []string{filesURL + "/7", filesURL + "/7/signed-url", signed.URL} {
		if got := server.requests[i].url; got != want {
			t.Errorf("request %d went to %s, want %s", i, got, want)
		}
	}
	if server.requests[2].auth != "" {
		t.Error("the download took the token to another host")
	}
}
