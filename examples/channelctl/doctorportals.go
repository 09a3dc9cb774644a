package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/oauth"
)

// mostPortals is how many portals are asked for where none is named.
const mostPortals = 20

// optionalScopes are of use to some channels.
var optionalScopes = []struct{ name, use string }{
	{"conversations.write", "to close conversations"},
	{"files.ui_hidden.read", "for hidden files of agents"},
}

// portalAccess is a portal and its tokens.
type portalAccess struct {
	id     int64 // 0 if the token does not tell
	source channels.TokenSource
}

func (p *portalAccess) String() string {
	if p.id == 0 {
		return "portal of " + envToken
	}
	return "portal " + portalText(p.id)
}

// checkPortals looks at what the app may do in portals, and at the accounts that are connected there.
func (e *examination) checkPortals(ctx context.Context) {
	const check = "portals"
	portals, err := e.portals(ctx)
	switch {
	case err != nil:
		e.problem(check, "correct the store first", "the store does not tell them: %v", err)
	case len(portals) == 0 && e.store != nil && e.s.env(envClientID) == "":
		e.skip(check, envClientID)
	case len(portals) == 0 && e.portal != 0 && e.store != nil:
		e.problem(check, e.installing(), "the app is not installed in portal %d", e.portal)
	case len(portals) == 0 && e.store != nil:
		e.warn(check, e.installing(), "the app is not installed in any")
	case len(portals) == 0:
		e.warn(check, "set it, or name the bridge's store with -store and -keys, and "+envClientID, "not checked without %s", envToken)
	}
	if more := len(portals) - mostPortals; more > 0 {
		e.warn(check, "check them with -portal", "%s more not checked", count(more, "portal"))
		portals = portals[:mostPortals]
	}
	for _, p := range portals {
		e.checkPortal(ctx, p)
	}
}

// portals are those of the store, or that of the token in the environment.
func (e *examination) portals(ctx context.Context) ([]*portalAccess, error) {
	id := e.s.env(envClientID)
	if e.store == nil || id == "" {
		token := e.s.env(envToken)
		if token == "" {
			return nil, nil
		}
		return []*portalAccess{{e.portal, channels.StaticToken(token)}}, nil
	}
	installed, err := e.store.Installs(ctx, id)
	if err != nil {
		return nil, err
	}
	app := &oauth.App{
		ClientID: id, ClientSecret: e.s.env(envSecret), BaseURL: e.base, Tokens: e.store, HTTPClient: e.http,
		Logger: slog.New(slog.DiscardHandler), // what it would say, the findings say
	}
	var portals []*portalAccess
	for _, id := range installed {
		if e.portal == 0 || e.portal == id {
			portals = append(portals, &portalAccess{id, app.Portal(id)})
		}
	}
	return portals, nil
}

// installing is the advice to install the app, again if need be.
func (e *examination) installing() string {
	if e.publicURL() == "" {
		return "have an admin open the install link of the bridge"
	}
	return "have an admin open " + e.route("/install")
}

func (e *examination) checkPortal(ctx context.Context, p *portalAccess) {
	if names := e.missing(envClientID, envSecret); len(names) > 0 {
		e.skip(p.String()+" scopes", names...)
	} else if !e.checkToken(ctx, p) {
		return
	}
	e.checkAccounts(ctx, p)
}

// checkToken asks HubSpot what the token of a portal is good for. It returns false where it is good for nothing.
func (e *examination) checkToken(ctx context.Context, p *portalAccess) bool {
	again := e.installing()
	token, err := p.source.Token(ctx)
	switch {
	case errors.Is(err, oauth.ErrUninstalled):
		e.problem(p.String(), again, "the app was uninstalled")
		return false
	case err != nil:
		e.problem(p.String(), "correct the client secret first, then try again", "no token: %v", err)
		return false
	}
	e.secrets = append(e.secrets, token.AccessToken)
	info, err := e.introspect(ctx, token.AccessToken, "token", "access_token")
	switch {
	case err != nil:
		e.warn(p.String()+" scopes", "correct the client secret first, then try again", "not checked: %v", err)
		return true
	case !info.Active:
		e.problem(p.String(), "take a new token, or "+again, "HubSpot does not take its token: it has expired, or was revoked")
		return false
	}
	if id := e.s.env(envAppID); info.AppID != 0 && id != "" && fmt.Sprint(info.AppID) != id {
		e.problem("app id", "set "+envAppID+" to that, or take the client id of the other app", "it is %s, but the token is of app %d", id, info.AppID)
	}
	if p.id != 0 && info.Portal != 0 && p.id != info.Portal {
		e.problem(p.String(), "take a token of that portal", "the token is of portal %d", info.Portal)
		return false
	}
	p.id = info.Portal
	e.checkScopes(p, info.Scopes)
	return true
}

func (e *examination) checkScopes(p *portalAccess, granted []string) {
	check := p.String() + " scopes"
	var missing, without []string
	for _, scope := range oauth.ChannelScopes() {
		if !hasScope(granted, scope) {
			missing = append(missing, scope)
		}
	}
	for _, o := range optionalScopes {
		if !hasScope(granted, o.name) {
			without = append(without, o.name+" "+o.use)
		}
	}
	switch {
	case missing != nil:
		e.problem(check, "add them to the app's settings in HubSpot, then "+e.installing()+
			"; a scope that cannot be chosen needs another subscription", "missing: %s", strings.Join(missing, ", "))
	case without != nil:
		e.ok(check, "all that are needed; not the optional %s", strings.Join(without, ", "))
	default:
		e.ok(check, "all that are needed, and the optional ones")
	}
}

// hasScope reports whether a scope was granted, or others that allow the same. Not every answer lists oauth.
func hasScope(granted []string, scope string) bool {
	has := func(s string) bool { return slices.Contains(granted, s) }
	return has(scope) || scope == "oauth" || scope == "files" && has("files.read") && has("files.write")
}

// checkAccounts asks whether the portal sees the channel, and how its accounts are.
func (e *examination) checkAccounts(ctx context.Context, p *portalAccess) {
	check := p.String() + " accounts"
	if e.channelID == "" {
		e.warn(check, "correct the channel first, or name it with -channel", "not checked without the id of the channel")
		return
	}
	client, err := channels.NewClient(p.source, e.options()...)
	if err != nil {
		e.problem(check, "correct "+envServer, "%v", err)
		return
	}
	before, connected := len(e.findings), 0
	for a, err := range client.Accounts().All(ctx, e.channelID, nil) {
		switch {
		case errors.Is(err, channels.ErrNotFound):
			e.problem(check, "wait two minutes if the channel is new; if it was archived, restart the bridge, which registers it anew",
				"the portal does not see channel %s", e.channelID)
			return
		case errors.Is(err, channels.ErrUnauthorized):
			e.problem(check, "take a new token, or "+e.installing(), "HubSpot does not take the token: %v", err)
			return
		case errors.Is(err, channels.ErrMissingScopes):
			e.problem(check, "correct the scopes first", "HubSpot does not show them: %v", err)
			return
		case err != nil:
			e.problem(check, "try again", "HubSpot does not show them: %v", err)
			return
		case !a.Authorized:
			e.warn(check, "have an admin connect it again", "%s, %q, has no credentials that the messaging service takes: its messages wait", a.ID, a.Name)
		case !a.Active:
			e.warn(check, "have an admin switch it on in HubSpot's settings, if it is to be", "%s, %q, is switched off: its messages wait", a.ID, a.Name)
		}
		connected++
	}
	if connected == 0 {
		e.warn(check, "have an admin connect one in HubSpot's settings, Inbox, Channels", "none is connected; the portal sees the channel")
	} else if len(e.findings) == before {
		e.ok(check, "the portal sees the channel; %s connected", count(connected, "account"))
	}
}
