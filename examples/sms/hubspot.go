package main

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"github.com/customchannels/customchannels-go/channels"
)

// hubspot is the HubSpot that the app talks to.
type hubspot struct {
	BaseURL      string
	AppID        int64
	ClientID     string
	ClientSecret string
	DeveloperKey string
}

// hubspotFromEnv returns nil where the environment names no HubSpot.
func hubspotFromEnv(getenv func(string) string) (h *hubspot, publicURL string, err error) {
	h = &hubspot{
		BaseURL:  cmp.Or(getenv("HUBSPOT_BASE_URL"), channels.DefaultBaseURL),
		ClientID: getenv("HUBSPOT_CLIENT_ID"), ClientSecret: getenv("HUBSPOT_CLIENT_SECRET"), DeveloperKey: getenv("HUBSPOT_DEVELOPER_KEY"),
	}
	names := []string{"HUBSPOT_CLIENT_ID", "HUBSPOT_CLIENT_SECRET", "HUBSPOT_APP_ID", "HUBSPOT_DEVELOPER_KEY", "PUBLIC_URL"}
	var missing []string
	for _, name := range names {
		if getenv(name) == "" {
			missing = append(missing, name)
		}
	}
	if len(missing) == len(names) && getenv("HUBSPOT_BASE_URL") == "" {
		return nil, "", nil
	}
	if len(missing) > 0 {
		return nil, "", fmt.Errorf("%s not set; set all of %s, or none to use the simulator",
			strings.Join(missing, ", "), strings.Join(names, ", "))
	}
	if h.AppID, err = strconv.ParseInt(getenv("HUBSPOT_APP_ID"), 10, 64); err != nil {
		return nil, "", fmt.Errorf("HUBSPOT_APP_ID %q is not a number", getenv("HUBSPOT_APP_ID"))
	}
	return h, strings.TrimSuffix(getenv("PUBLIC_URL"), "/"), nil
}
