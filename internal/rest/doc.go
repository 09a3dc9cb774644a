// Package rest sends requests to HubSpot, on go-retryablehttp set up for HubSpot's rules. Above net/http it adds what
// every call needs and what is easily got wrong:
//
//   - the credential and the rate limit are applied to each attempt, and only to requests that go to the API's own host;
//   - a request is repeated only if that cannot do its work twice: when the caller says so, when HubSpot refused it, or
//     when its body was not sent to the end;
//   - waits follow the status, have jitter, and never pass the context; a longer Retry-After ends the call and is
//     reported;
//   - no error and no log line holds a credential, also not one that HubSpot's answer repeats.
//
// The package knows no resource. What a failure looks like to users is decided by [Config.NewError].
package rest
