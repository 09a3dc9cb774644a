// Package webhook takes in what HubSpot sends to the webhook URL of a custom channel: it verifies that HubSpot sent it,
// decodes it into typed events, and hands each event over once.
//
// Most programs mount a [Handler]:
//
//	http.Handle("POST /hubspot/webhook", &webhook.Handler{
//		Verifier: webhook.NewVerifier("https://hooks.example.com", clientSecret),
//		OnOutgoingMessage: func(ctx context.Context, e *webhook.OutgoingMessage) error {
//			return store(ctx, e) // nil: HubSpot is answered 200; an error: 503, and HubSpot delivers it again
//		},
//	})
//
// A server that reads its requests itself uses the parts: [Verifier.Verify] on the raw bytes of the body, then [Parse].
// The bridge (channels/bridge) does so and needs no Handler beside it. [Sign] makes what Verify accepts, for tests.
//
// # The URL that is signed
//
// HubSpot signs the URL that it calls. A process behind a proxy or a tunnel does not see that URL, so it must be told:
// the public URL is what stands before the path that this process sees.
//
//	HubSpot calls                             the process sees    public URL
//	https://hooks.example.com/hubspot/webhook /hubspot/webhook    https://hooks.example.com
//	https://example.com/edge/hubspot/webhook  /hubspot/webhook    https://example.com/edge
//
// Path and query are taken from the request as they came over the wire, so that routers and [http.StripPrefix] change
// nothing.
//
// # When a webhook is refused
//
// A [VerifyError] says which check has failed. After a mismatch Verify looks for what usually goes wrong on the way: it
// tries the other scheme, the hosts and prefixes that the request's headers name, the path with and without its slash,
// the body as it may have been before it was re-encoded, the secrets without white space. What it finds is certain, for
// the signature matches then, and the error says what to change:
//
//	webhook: signature does not match (v3): The signature matches for http://, but PublicURL says https://.
//	Set PublicURL to "http://hooks.example.com".
//
// The search is bounded, whatever is sent. It never makes a wrong signature pass, and its words go to the log only.
//
// # What is known of HubSpot
//
// HubSpot describes its signatures on the page "Validating requests", and the events on "Custom channels". It does not
// promise that events come in order or once: [Event.Key] is the same for each delivery of an event. Ids, times and
// identifiers have been seen in several forms, and HubSpot documents none of them as the right one: [Parse] takes them all.
package webhook
