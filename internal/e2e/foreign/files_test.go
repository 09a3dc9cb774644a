package foreign

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/customchannels/customchannels-go/channels/hubspottest"
)

// testFiles has the library store files in HubSpot, one by upload and one by its address.
func testFiles(t *testing.T, n *node) {
	w := newWorld(t, hubspottest.Config{})
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "North, then left")
	}))
	defer site.Close()
	type file struct {
		Path, Access, Type string
		Size               int
	}
	type result struct {
		Uploaded, Imported file
		Statuses           []string
		Dated              bool
		Texts              []any // at the uploaded file's signed address, at the public file's, and at the uploaded file's own
	}
	var got result
	n.run("files", map[string]any{"basePath": w.URL(), "accessToken": w.converse(n).accessToken, "address": site.URL + "/way.txt"}, &got)
	want := result{
		Uploaded: file{"/pigeons/Brief für Ada.txt", "PRIVATE", "DOCUMENT", 18},
		Imported: file{"/pigeons/map.txt", "PUBLIC_NOT_INDEXABLE", "DOCUMENT", 16},
		Statuses: []string{"PROCESSING", "COMPLETE"},
		Dated:    true,
		Texts:    []any{"Coo – gurr 🕊\n", "North, then left", 404.0},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

// testRefusals sees the library understand what it is refused, and try again where HubSpot is overloaded.
func testRefusals(t *testing.T, n *node) {
	w := newWorld(t, hubspottest.Config{})
	token := w.converse(n).accessToken
	for _, nth := range []int{1, 2} {
		w.Inject(hubspottest.Fault{Operation: "file.signed_url", Nth: nth, Status: http.StatusServiceUnavailable})
	}
	var got map[string]string
	n.run("refusals", map[string]any{
		"basePath": w.URL(), "accessToken": token, "code": w.install(), "redirectUri": w.redirectURI(),
		"clientId": w.ClientID(), "clientSecret": w.ClientSecret(),
	}, &got)
	want := map[string]string{
		"code used twice":             "400 BAD_AUTH_CODE",
		"wrong secret":                "400 BAD_CLIENT_SECRET",
		"revoked refresh token":       "400 BAD_REFRESH_TOKEN",
		"unknown access token":        "401 INVALID_AUTHENTICATION",
		"no such file":                "404 OBJECT_NOT_FOUND",
		"upload without access":       "400 VALIDATION_ERROR",
		"overloaded once, no retries": "503 error",
		"overloaded once, one retry":  "404 OBJECT_NOT_FOUND",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("what the library throws (-want +got):\n%s", diff)
	}
	var statuses []int
	for _, call := range w.Journal("file.signed_url") {
		statuses = append(statuses, call.Status)
	}
	if diff := cmp.Diff([]int{503, 503, 404}, statuses); diff != "" {
		t.Errorf("calls for a signed address (-want +got):\n%s", diff)
	}
}
