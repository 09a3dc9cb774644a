package oauth

import "slices"

// ChannelScopes returns the scopes that a custom channel app needs: to register and use channels, read inboxes and
// agents, create contacts for new senders, and carry files.
//
// HubSpot demands that they agree with those in the app's own settings (requiredScopes of app-hsmeta.json).
func ChannelScopes() []string {
	return []string{
		"oauth",
		"conversations.custom_channels.read",
		"conversations.custom_channels.write",
		"conversations.read",
		"crm.objects.contacts.write",
		"files",
	}
}

func (a *App) scopes() []string {
	if a.Scopes == nil {
		return ChannelScopes()
	}
	return a.Scopes
}

// MissingScopes returns those of a.Scopes and a.OptionalScopes that in was not granted, in that order. Optional scopes
// are missing where the portal's subscription, or the person who installed, does not have them. The result is empty if
// HubSpot told no scopes at all.
func (a *App) MissingScopes(in *Install) []string {
	if in.Scopes == nil {
		return nil
	}
	var missing []string
	for _, scope := range slices.Concat(a.scopes(), a.OptionalScopes) {
		// Every token has the scope oauth, but not every answer lists it.
		if scope != "oauth" && !slices.Contains(in.Scopes, scope) && !slices.Contains(missing, scope) {
			missing = append(missing, scope)
		}
	}
	return missing
}
