package hubspottest_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"testing"
	"testing/synctest"

	"github.com/customchannels/customchannels-go/channels/hubspottest"
)

func TestStartAndClose(t *testing.T) {
	hs := hubspottest.New(hubspottest.Config{})
	if hs.URL() != "" {
		t.Errorf("before Start the URL is %q", hs.URL())
	}
	if err := hs.Start(); err != nil {
		t.Fatal(err)
	}
	if err := hs.Start(); err == nil {
		t.Error("starting twice is no error")
	}
	if err := hs.Run(t.Context()); err == nil {
		t.Error("Run beside Start is no error")
	}
	get := func() (string, error) {
		resp, err := http.Get(hs.URL() + "/simulator/api/state")
		if err != nil {
			return "", err
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		return string(body), err
	}
	if body, err := get(); err != nil || body == "" {
		t.Errorf("got %q, %v", body, err)
	}
	for range 2 {
		if err := hs.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := get(); err == nil {
		t.Error("the server answers after Close")
	}
}

func TestTransport(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hs := hubspottest.New(hubspottest.Config{})
		client := &http.Client{Transport: hs.Transport()}

		// Without a URL of its own the server speaks of the host it was asked as.
		resp, err := client.Get("http://any.test/simulator/events")
		if err != nil {
			t.Fatal(err)
		}
		first := make([]byte, len("event: hello\n"))
		if _, err := io.ReadFull(resp.Body, first); err != nil || string(first) != "event: hello\n" {
			t.Errorf("read %q, %v", first, err)
		}
		if err := resp.Body.Close(); err != nil { // ends the handler at its next write
			t.Fatal(err)
		}

		ctx, cancel := context.WithCancel(t.Context())
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://any.test/oauth/v3/token", nil)
		if err != nil {
			t.Fatal(err)
		}
		hs.Inject(hubspottest.Fault{Operation: "oauth.token", Delay: 1 << 40})
		failed := make(chan error)
		go func() {
			_, err := client.Do(req)
			failed <- err
		}()
		synctest.Wait()
		cancel()
		if err := <-failed; !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		if err := hs.Close(); err != nil {
			t.Fatal(err)
		}
	})
}
