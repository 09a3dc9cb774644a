// Package hubspotapp checks the app's files.
package hubspotapp

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/customchannels/customchannels-go/oauth"
)

// TestRequiredScopes holds the app to what the SDK asks for at install: HubSpot demands that both agree.
func TestRequiredScopes(t *testing.T) {
	data, err := os.ReadFile("src/app/app-hsmeta.json")
	if err != nil {
		t.Fatal(err)
	}
	var app struct {
		Config struct {
			Auth struct{ RequiredScopes []string }
		}
	}
	if err := json.Unmarshal(data, &app); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(oauth.ChannelScopes(), app.Config.Auth.RequiredScopes); diff != "" {
		t.Errorf("requiredScopes differ from those that the SDK asks for (-SDK +file):\n%s", diff)
	}
}
