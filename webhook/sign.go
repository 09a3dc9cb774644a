package webhook

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strconv"
	"time"
)

// Version names one of HubSpot's signature schemes.
type Version string

const (
	// V1 signs the client secret and the body with SHA-256. It covers neither the URL nor the time.
	V1 Version = "v1"
	// V2 signs the client secret, method, URL and body with SHA-256. It does not cover the time.
	V2 Version = "v2"
	// V3 signs method, URL, body and time with HMAC-SHA256. HubSpot sends it with every webhook of a custom channel.
	V3 Version = "v3"
)

// HubSpot's headers, in the canonical form in which net/http keeps them.
const (
	headerV3        = "X-Hubspot-Signature-V3"
	headerTimestamp = "X-Hubspot-Request-Timestamp"
	headerV12       = "X-Hubspot-Signature"
	headerVersion   = "X-Hubspot-Signature-Version"
)

// Sign returns the headers with which HubSpot would sign a request: for [V3] X-HubSpot-Signature-v3 and
// X-HubSpot-Request-Timestamp, for [V1] and [V2] X-HubSpot-Signature and X-HubSpot-Signature-Version. It serves tests
// and simulators; add its result to a request's header, for example with maps.Copy.
//
// The secret is the app's client secret. The uri is the whole URL as HubSpot calls it, percent-encoded as it goes over
// the wire. V1 and V2 ignore the time at, V1 also method and uri. An unknown version gives no headers.
//
// The schemes are described on HubSpot's page "Validating requests".
func Sign(version Version, secret, method, uri string, body []byte, at time.Time) http.Header {
	h := make(http.Header)
	target := signedURI{base: uri}
	switch version {
	case V1, V2:
		sum := plainSum(version, secret, method, target, body)
		h.Set(headerV12, hex.EncodeToString(sum[:]))
		h.Set(headerVersion, string(version))
	case V3:
		timestamp := strconv.FormatInt(at.UnixMilli(), 10)
		m := newMAC(secret)
		h.Set(headerV3, base64.StdEncoding.EncodeToString(m.sum(method, target, body, timestamp)))
		h.Set(headerTimestamp, timestamp)
	}
	return h
}

// plainSum computes the signatures of V1 and V2, which hash the secret in front of the message.
func plainSum(version Version, secret, method string, uri signedURI, body []byte) [sha256.Size]byte {
	size := len(secret) + len(method) + len(uri.base) + len(uri.target) + len(body)
	message := append(make([]byte, 0, size), secret...)
	if version == V2 {
		message = append(message, method...)
		message = append(message, uri.base...)
		message = append(message, uri.target...)
	}
	return sha256.Sum256(append(message, body...))
}
