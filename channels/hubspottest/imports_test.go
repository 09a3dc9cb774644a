package hubspottest_test

import (
	"net/http"
	"testing"

	"github.com/customchannels/customchannels-go/channels/hubspottest"
)

func TestImportByURL(t *testing.T) {
	s := newShop(t, hubspottest.Config{}, nil)
	s.hosts["media.test"] = handled{http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/cat.png" {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		_, _ = w.Write([]byte(png))
	})}
	const path = "/files/v3/files/import-from-url/async"
	valid := object{"url": "http://media.test/cat.png", "access": "PRIVATE", "name": "kitten", "folderPath": "/chat", "overwrite": false,
		"duplicateValidationScope": "ENTIRE_PORTAL", "duplicateValidationStrategy": "NONE"}
	task := s.want(s.call("POST", path, valid), http.StatusAccepted)
	status := path + "/tasks/" + task.text("id") + "/status"
	if got := s.want(s.call("GET", status, nil), http.StatusOK); got.text("status") != "PROCESSING" {
		t.Errorf("got %v", got)
	}
	done := s.want(s.call("GET", status, nil), http.StatusOK)
	file := done.body["result"].(object)
	if done.text("status") != "COMPLETE" || file["name"] != "kitten" || file["extension"] != "png" || file["type"] != "IMG" || file["path"] != "/chat/kitten.png" {
		t.Errorf("got %v", done)
	}
	if got := s.call("GET", "/files/v3/files/"+file["id"].(string)+"/download", nil); got.raw != png {
		t.Errorf("the file is %q", got.raw)
	}

	for _, url := range []string{"http://media.test/dog.png", "http://nobody.test/cat.png"} {
		failed := s.want(s.call("POST", path, with(valid, object{"url": url})), http.StatusAccepted)
		status := path + "/tasks/" + failed.text("id") + "/status"
		s.call("GET", status, nil)
		if got := s.want(s.call("GET", status, nil), http.StatusOK); got.body["numErrors"] != 1.0 || got.body["result"] != nil {
			t.Errorf("got %v", got)
		}
	}
	for field, value := range map[string]string{
		"url": "cat.png", "access": "OPEN", "duplicateValidationScope": "MOON", "duplicateValidationStrategy": "MAYBE", "folderId": "1",
	} {
		s.want(s.call("POST", path, with(valid, object{field: value})), http.StatusBadRequest)
	}
	s.want(s.call("GET", path+"/tasks/1/status", nil), http.StatusNotFound)
}
