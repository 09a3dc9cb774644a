package main

import (
	"fmt"
	"strconv"
	"strings"
)

// credentials are all that the app knows of the HubSpot it talks to.
type credentials struct {
	BaseURL      string // empty for the real HubSpot
	AppID        int64
	ClientID     string
	ClientSecret string
	DeveloperKey string
	PublicURL    string // of the app
}

// credentialsFromEnv returns nil where the environment says nothing of HubSpot.
func credentialsFromEnv(getenv func(string) string) (*credentials, error) {
	c := &credentials{BaseURL: strings.TrimSuffix(getenv("HUBSPOT_BASE_URL"), "/")}
	var appID string
	var missing []string
	set := 0
	for _, v := range []struct {
		name string
		dest *string
	}{
		{"HUBSPOT_CLIENT_ID", &c.ClientID},
		{"HUBSPOT_CLIENT_SECRET", &c.ClientSecret},
		{"HUBSPOT_APP_ID", &appID},
		{"HUBSPOT_DEVELOPER_KEY", &c.DeveloperKey},
		{"PUBLIC_URL", &c.PublicURL},
	} {
		if *v.dest = getenv(v.name); *v.dest == "" {
			missing = append(missing, v.name)
		} else if v.name != "PUBLIC_URL" { // which others set too
			set++
		}
	}
	if set == 0 && c.BaseURL == "" {
		return nil, nil
	}
	if len(missing) > 0 {
		return nil, fmt.Errorf("some variables for HubSpot are set, but not %s; set these too, or unset all to use the simulator",
			strings.Join(missing, ", "))
	}
	id, err := strconv.ParseInt(appID, 10, 64)
	if err != nil {
		return nil, fmt.Errorf("HUBSPOT_APP_ID %q is not a number", appID)
	}
	c.AppID = id
	c.PublicURL = strings.TrimSuffix(c.PublicURL, "/")
	return c, nil
}
