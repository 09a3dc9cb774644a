package e2e

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/hubspottest"
	"github.com/customchannels/customchannels-go/oauth"
)

var contractVersions = []channels.Version{channels.Version202609, channels.Version202603, channels.VersionV3}

// TestContract makes every call that the clients can make, and holds each request and each answer of the simulator to
// HubSpot's own descriptions.
func TestContract(t *testing.T) {
	c := &contract{t: t, descriptions: readDescriptions(t, "*", readOverlay(t))}
	for _, version := range contractVersions {
		t.Run(string(version), func(t *testing.T) {
			w := newWorld(t, c, version, hubspottest.Readings{})
			refused := map[string]bool{}
			for _, call := range allCalls() {
				if !refused[call.operation] {
					refused[call.operation] = true
					w.refuse(t, call)
				}
				if err := call.do(t.Context(), w); err != nil {
					t.Fatalf("%s, %s: %v", call.operation, call.does, err)
				}
			}
		})
	}
	_ = fmt.Sprint
	_ = maps.Keys[map[string]bool]
	_ = slices.Sort[[]string]
	_ = strings.Cut
}

// refusals are the statuses that HubSpot documents for failures.
var refusals = []int{400, 401, 403, 404, 409, 423, 429, 477, 500, 502, 503, 504}

// refuse has HubSpot refuse a call in every way.
func (w *world) refuse(t *testing.T, call call) {
	t.Helper()
	for _, status := range refusals {
		w.hubspot.Inject(hubspottest.Fault{Operation: call.operation, Status: status})
		err := call.do(t.Context(), w)
		w.hubspot.ClearFaults()
		var api *channels.Error
		var auth *oauth.Error
		switch {
		case errors.As(err, &api) && api.StatusCode == status:
		case errors.As(err, &auth) && auth.StatusCode == status:
		default:
			t.Errorf("%s, %s, refused with %d: %v", call.operation, call.does, status, err)
		}
	}
}
