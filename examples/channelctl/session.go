package main

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"strings"

	"github.com/customchannels/customchannels-go/channels"
	"github.com/customchannels/customchannels-go/channels/bridge"
	"github.com/customchannels/customchannels-go/messages"
)

// credential says what a command must have from the environment.
type credential int

const (
	noCredential credential = iota
	developerKey            // of the app, for its channels
	portalToken             // of one portal, for all else of HubSpot
	bridgeStore             // no credential of HubSpot, but a bridge's database and its keys
)

// variable is an environment variable and what it means.
type variable struct{ name, meaning string }

const (
	envAppID  = "HUBSPOT_APP_ID"
	envKey    = "HUBSPOT_DEVELOPER_KEY"
	envToken  = "HUBSPOT_ACCESS_TOKEN"
	envServer = "HUBSPOT_BASE_URL"
	envStore  = "BRIDGE_STORE"
	envKeys   = "BRIDGE_KEYS"
)

// variables are those that a command must have. Those of bridgeStore have flags as well.
func (c credential) variables() []variable {
	switch c {
	case developerKey:
		return []variable{
			{envAppID, "the app's numeric id"},
			{envKey, "the developer API key, from HubSpot's page Development, Keys"},
		}
	case portalToken:
		return []variable{{envToken, "an OAuth access token of the portal"}}
	case bridgeStore:
		return []variable{
			{envStore, "the database where there is no -store; the place for a password"},
			{envKeys, "the key file where there is no -keys"},
		}
	}
	return nil
}

// session is what an action works with.
type session struct {
	console
	options
	args     []string           // as many as the command has names for
	registry *channels.Registry // for developerKey
	client   *channels.Client   // for portalToken
	messages *messages.Client   // for portalToken
	operator *bridge.Operator   // for bridgeStore
	close    func()             // the store, if there is one
}

// channel is the command's first argument.
func (s *session) channel() channels.ID { return channels.ID(s.args[0]) }

// connect makes the clients that a command needs.
func (s *session) connect(ctx context.Context, needs credential, getenv func(string) string) error {
	env := func(name string) string { return strings.TrimSpace(getenv(name)) }
	if needs == bridgeStore {
		if err := s.store.complete(env); err != nil {
			return err
		}
		var err error
		s.operator, s.close, err = s.store.open(ctx)
		return err
	}
	var missing []string
	for _, v := range needs.variables() {
		if env(v.name) == "" {
			missing = append(missing, v.name+", "+v.meaning)
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("missing in the environment: %s", strings.Join(missing, "; "))
	}
	opts := []channels.Option{
		channels.WithVersion(s.version),
		channels.WithRetry(channels.RetryPolicy{MaxAttempts: 3}), // someone waits for the answer
	}
	base := env(envServer)
	if base != "" {
		opts = append(opts, channels.WithBaseURL(base))
	}
	if s.verbose {
		opts = append(opts, channels.WithLogger(slog.New(slog.NewTextHandler(s.err, &slog.HandlerOptions{Level: slog.LevelDebug}))))
	}
	var err error
	switch needs {
	case developerKey:
		id, parseErr := strconv.ParseInt(env(envAppID), 10, 64)
		if parseErr != nil || id <= 0 {
			return fmt.Errorf("%s: %q is not the id of an app", envAppID, env(envAppID))
		}
		s.registry, err = channels.NewRegistry(channels.DeveloperKey{AppID: id, Key: env(envKey)}, opts...)
	case portalToken:
		if s.client, err = channels.NewClient(channels.StaticToken(env(envToken)), opts...); err == nil {
			s.messages = messages.NewClient(s.client)
		}
	}
	if err != nil && base != "" { // the one option that is not checked yet
		return fmt.Errorf("%s: %w", envServer, err)
	}
	return err
}

// unsure adds what to do where a call failed but HubSpot may have carried it out.
func unsure(err error, advice string) error {
	if channels.MayHaveArrived(err) {
		return fmt.Errorf("%w; it may have taken effect all the same: %s", err, advice)
	}
	return err
}
