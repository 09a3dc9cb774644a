package main

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
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
	whatThereIs             // must have nothing, and looks at all that is there
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
	// What a bridge is started with besides.
	envClientID = "HUBSPOT_CLIENT_ID"
	envSecret   = "HUBSPOT_CLIENT_SECRET"
	envPublic   = "PUBLIC_URL"
)

// variables are those that a command must have. Those of bridgeStore have flags as well, and whatThereIs can do without.
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
	case whatThereIs:
		return slices.Concat(developerKey.variables(), []variable{
			{envClientID, "the app's client id"},
			{envSecret, "the app's client secret, which signs webhooks too"},
			{envPublic, "the address at which HubSpot reaches the bridge, as the bridge has it"},
		}, portalToken.variables(), bridgeStore.variables())
	}
	return nil
}

// store says whether the command has flags for a bridge's database.
func (c credential) store() bool { return c == bridgeStore || c == whatThereIs }

// session is what an action works with.
type session struct {
	console
	options
	args     []string           // as many as the command has names for
	registry *channels.Registry // for developerKey
	client   *channels.Client   // for portalToken
	messages *messages.Client   // for portalToken
	operator *bridge.Operator   // for bridgeStore
	env      func(string) string
	close    func() // the store, if there is one
}

// channel is the command's first argument.
func (s *session) channel() channels.ID { return channels.ID(s.args[0]) }

// connect makes the clients that a command needs.
func (s *session) connect(ctx context.Context, needs credential, getenv func(string) string) error {
	s.env = func(name string) string { return strings.TrimSpace(getenv(name)) }
	env := s.env
	if needs == bridgeStore {
		if err := s.store.complete(env); err != nil {
			return err
		}
		var err error
		s.operator, s.close, err = s.store.open(ctx)
		return err
	}
	if needs == whatThereIs {
		return nil
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
	opts, base := s.apiOptions(), env(envServer)
	var err error
	switch needs {
	case developerKey:
		var key channels.DeveloperKey
		if key, err = s.developerKey(); err != nil {
			return err
		}
		s.registry, err = channels.NewRegistry(key, opts...)
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

// apiOptions are those of every client of HubSpot's.
func (s *session) apiOptions() []channels.Option {
	opts := []channels.Option{
		channels.WithVersion(s.version),
		channels.WithRetry(channels.RetryPolicy{MaxAttempts: 3}), // someone waits for the answer
	}
	if base := s.env(envServer); base != "" {
		opts = append(opts, channels.WithBaseURL(base))
	}
	if s.verbose {
		opts = append(opts, channels.WithLogger(slog.New(slog.NewTextHandler(s.err, &slog.HandlerOptions{Level: slog.LevelDebug}))))
	}
	return opts
}

func (s *session) developerKey() (channels.DeveloperKey, error) {
	id, err := strconv.ParseInt(s.env(envAppID), 10, 64)
	if err != nil || id <= 0 {
		return channels.DeveloperKey{}, fmt.Errorf("%s: %q is not the id of an app", envAppID, s.env(envAppID))
	}
	return channels.DeveloperKey{AppID: id, Key: s.env(envKey)}, nil
}

// unsure adds what to do where a call failed but HubSpot may have carried it out.
func unsure(err error, advice string) error {
	if channels.MayHaveArrived(err) {
		return fmt.Errorf("%w; it may have taken effect all the same: %s", err, advice)
	}
	return err
}
