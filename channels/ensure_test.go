package channels_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/customchannels/customchannels-go/channels"
)

// registryServer is a small HubSpot that keeps channels, which appear in lists only after a while.
type registryServer struct {
	mu       sync.Mutex
	delay    time.Duration
	channels []map[string]any
	created  int
	patches  []string
}

func (s *registryServer) add(id, name, webhook string, at time.Time) {
	s.channels = append(s.channels, map[string]any{
		"id": id, "name": name, "webhookUrl": webhook, "createdAt": at.Format(time.RFC3339Nano), "capabilities": map[string]any{},
	})
}

func (s *registryServer) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var in map[string]any
	var raw []byte
	if r.Body != nil {
		raw, _ = io.ReadAll(r.Body)
		if err := json.Unmarshal(raw, &in); err != nil {
			return nil, err
		}
	}
	_, id, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/base/conversations/custom-channels/"), "/")
	switch r.Method {
	case http.MethodPost:
		s.created++
		in["id"], in["createdAt"] = fmt.Sprint(9+s.created), time.Now().Format(time.RFC3339Nano)
		s.channels = append(s.channels, in)
		return answerJSON(r, 201, in)
	case http.MethodPatch:
		s.patches = append(s.patches, string(raw))
		for _, c := range s.channels {
			if c["id"] == id {
				for k, v := range in {
					c[k] = v
				}
				return answerJSON(r, 200, c)
			}
		}
	}
	if id != "" {
		i := slices.IndexFunc(s.channels, func(c map[string]any) bool { return c["id"] == id })
		if i < 0 {
			return answerJSON(r, 404, map[string]any{})
		}
		return answerJSON(r, 200, s.channels[i])
	}
	visible := []map[string]any{}
	for _, c := range s.channels {
		at, _ := time.Parse(time.RFC3339Nano, c["createdAt"].(string))
		if time.Since(at) >= s.delay {
			visible = append(visible, c)
		}
	}
	return answerJSON(r, 200, map[string]any{"results": visible})
}

func answerJSON(r *http.Request, status int, v any) (*http.Response, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return reply(status, string(data))(r)
}

const hook = "https://hooks.example.test/hs"

func wanted() *channels.Registration {
	return &channels.Registration{Name: "Acme", WebhookURL: hook, Capabilities: channels.Capabilities{
		DeliveryIdentifierTypes: []channels.IdentifierType{channels.TypeOpaque, channels.TypePhone},
		ThreadingModel:          channels.ByIntegrationThread,
		AllowOutgoingMessages:   true,
	}}
}

func TestEnsureCreatesAndWaitsUntilVisible(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := &registryServer{delay: 20 * time.Second}
		g := newRegistry(t, server)
		start := time.Now()
		e, err := g.Ensure(t.Context(), wanted(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if !e.Created || e.ID != "10" || len(e.Changed) > 0 || len(e.Duplicates) > 0 {
			t.Errorf("Ensure = %+v", e)
		}
		if took := time.Since(start); took < server.delay || took > 2*server.delay {
			t.Errorf("returned after %v, want soon after %v", took, server.delay)
		}
		again, err := g.Ensure(t.Context(), wanted(), nil)
		if err != nil || again.Created || again.ID != e.ID || len(again.Changed) > 0 || len(server.patches) > 0 {
			t.Errorf("the second Ensure = %+v, %v, %d patches, want nothing done", again, err, len(server.patches))
		}
	})
}

func TestEnsureGivesUpOnAnInvisibleChannel(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newRegistry(t, &registryServer{delay: time.Hour})
		start := time.Now()
		_, err := g.Ensure(t.Context(), wanted(), nil)
		if err == nil || !strings.Contains(err.Error(), "10") || time.Since(start) > time.Minute {
			t.Errorf("Ensure = %v after %v, want an error with the id within a minute", err, time.Since(start))
		}
		e, err := g.Ensure(t.Context(), wanted(), &channels.EnsureOptions{ID: "10", WaitVisible: -1})
		if err != nil || e.ID != "10" || e.Created {
			t.Errorf("Ensure with the id = %+v, %v, want the channel though it is not listed", e, err)
		}
	})
}

func TestEnsureFindsTheChannel(t *testing.T) {
	t.Parallel()
	early, late := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		name       string
		opts       *channels.EnsureOptions
		fill       func(*registryServer)
		want       channels.ID
		created    bool
		duplicates []string
	}{
		{name: "by webhook", want: "2", fill: func(s *registryServer) {
			s.add("1", "Acme", "https://laptop.example.test", early)
			s.add("2", "Other", hook, late)
		}},
		{name: "the oldest by webhook", want: "3", duplicates: []string{"9", "2"}, fill: func(s *registryServer) {
			s.add("2", "Acme", hook, late)
			s.add("9", "Acme", hook, early)
			s.add("3", "Acme", hook, early)
		}},
		{name: "not by name", want: "10", created: true, fill: func(s *registryServer) {
			s.add("1", "Acme", "https://prod.example.test", early)
		}},
		{name: "by name if asked", want: "1", opts: &channels.EnsureOptions{AdoptByName: true}, fill: func(s *registryServer) {
			s.add("1", "Acme", "https://old.example.test", early)
		}},
		{name: "by id", want: "7", opts: &channels.EnsureOptions{ID: "7"}, duplicates: []string{"2"}, fill: func(s *registryServer) {
			s.add("2", "Acme", hook, early)
			s.add("7", "Old name", "https://moved.example.test", late)
		}},
		{name: "by webhook if the id is gone", want: "2", opts: &channels.EnsureOptions{ID: "7"}, fill: func(s *registryServer) {
			s.add("2", "Acme", hook, early)
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server := &registryServer{}
			tt.fill(server)
			e, err := newRegistry(t, server).Ensure(t.Context(), wanted(), tt.opts)
			if err != nil {
				t.Fatal(err)
			}
			var duplicates []string
			for _, d := range e.Duplicates {
				duplicates = append(duplicates, string(d.ID))
			}
			if e.ID != tt.want || e.Created != tt.created || e.WebhookURL != hook || e.Name != "Acme" || !slices.Equal(duplicates, tt.duplicates) {
				t.Errorf("Ensure = %+v %+v, duplicates %v, want channel %s, duplicates %v", e, e.Registration, duplicates, tt.want, tt.duplicates)
			}
		})
	}
	if _, err := newRegistry(t, &registryServer{}).Ensure(t.Context(), &channels.Registration{Name: "n"}, nil); !errors.Is(err, channels.ErrInvalid) {
		t.Errorf("Ensure with nothing to find the channel by = %v", err)
	}
}

func TestEnsureUpdatesOnlyWhatDiffers(t *testing.T) {
	t.Parallel()
	server := &registryServer{}
	server.add("1", "Acme", hook, time.Now())
	server.channels[0]["channelDescription"] = "kept"
	server.channels[0]["capabilities"] = map[string]any{
		"deliveryIdentifierTypes": []string{"HS_PHONE_NUMBER", "CHANNEL_SPECIFIC_OPAQUE_ID"}, // in another order
		"allowOutgoingMessages":   true,
		"threadingModel":          "DELIVERY_IDENTIFIER",
		"allowedFileAttachmentMimeTypes": []string{
			"image/png",
		},
		"newThing": 1,
	}
	want := wanted()
	want.LogoURL = "https://logo.example.test"
	e, err := newRegistry(t, server).Ensure(t.Context(), want, nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"channelLogoUrl", "capabilities.threadingModel"}, e.Changed); diff != "" {
		t.Error(diff)
	}
	if len(server.patches) != 1 || !strings.Contains(server.patches[0], `"newThing":1`) || strings.Contains(server.patches[0], "channelDescription") {
		t.Errorf("the patches are %s", server.patches)
	}
}

func TestEnsureConvergesWhenProcessesRace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := &registryServer{delay: 5 * time.Second}
		got := make([]*channels.Ensured, 4)
		var wg sync.WaitGroup
		for i := range got {
			wg.Go(func() {
				time.Sleep(time.Duration(i) * time.Second)
				e, err := newRegistry(t, server).Ensure(t.Context(), wanted(), nil)
				if err != nil {
					t.Error(err)
				}
				got[i] = e
			})
		}
		wg.Wait()
		if server.created != len(got) {
			t.Fatalf("%d channels were created, want the race to make %d", server.created, len(got))
		}
		for i, e := range got {
			if e.ID != "10" || e.Created != (i == 0) {
				t.Errorf("process %d got channel %s (created: %v), want the oldest, 10", i, e.ID, e.Created)
			}
		}
		if e, err := newRegistry(t, server).Ensure(t.Context(), wanted(), nil); err != nil || len(e.Duplicates) != len(got)-1 {
			t.Errorf("afterwards, Ensure = %+v, %v, want %d duplicates", e, err, len(got)-1)
		}
	})
}
