// Package channels registers custom channels with HubSpot and connects accounts to them: who talks, and where. What is
// said is in package messages.
//
// HubSpot takes two credentials, so there are two clients. A [Registry] has the app's developer key and registers the
// channel, once for all portals:
//
//	registry, err := channels.NewRegistry(channels.DeveloperKey{AppID: 4711, Key: key})
//	channel, err := registry.Ensure(ctx, &channels.Registration{
//		Name:       "Acme SMS",
//		WebhookURL: "https://app.example.com/hubspot/webhook",
//		Capabilities: channels.Capabilities{
//			DeliveryIdentifierTypes: []channels.IdentifierType{channels.TypePhone},
//			ThreadingModel:          channels.ByDeliveryIdentifier,
//			AllowOutgoingMessages:   true,
//		},
//	}, nil)
//
// A [Client] has the OAuth token of one portal and does all else: it connects accounts to inboxes, looks up inboxes and
// actors, and carries the calls of package messages.
//
//	client, err := channels.NewClient(app.Portal(portalID))
//	account, err := client.Accounts().Create(ctx, channel.ID, &channels.NewAccount{
//		InboxID: inbox, Name: "Support line", DeliveryIdentifier: channels.Phone("+1 415 555 0123"),
//	})
//
// [Client.Call] makes any other call of HubSpot's API with the same credential, limits and errors.
//
// # Retries
//
// A call is tried again, with waits that HubSpot's error page asks for and full jitter, after 408, 423, 429 (but not when
// the daily limit is used up), 477, 500, 502 to 504, 520 to 525, timeouts and broken connections. That holds for calls
// that can be repeated without harm. Other calls are tried again only if HubSpot refused them (423, 429, 477) or cannot
// have got them. 400, 401, 403, 404 and 409 are never tried again, but for one repetition with a fresh token after a 401.
// [RetryPolicy] bounds attempts and time; a wait that would pass a bound or the context's deadline ends the call with the
// failure that asked for it. [MayHaveArrived] tells afterwards whether the call may have taken effect.
//
// # Rate limit
//
// Each client keeps its portal's calls within HubSpot's rolling limit, across its goroutines and in the order of their
// arrival, and leaves room for calls that others make in the portal. [WithRateLimit] changes the limit, and [NoWait]
// makes a call return a [*LimitError] instead of waiting.
//
// # Errors
//
// What HubSpot refuses is an [*Error]. It matches the sentinels of this package:
//
//	if errors.Is(err, channels.ErrNotFound) { ... }
//
// No error and no log line holds a token or the developer key.
package channels
