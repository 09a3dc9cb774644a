package hubspottest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// signHeaders sets the signature headers of a webhook, as HubSpot's page on
// validating requests describes them.
func signHeaders(h http.Header, secret, url, body string, at time.Time, r Readings) {
	stamp := strconv.FormatInt(at.UnixMilli(), 10)
	h.Set("X-HubSpot-Request-Timestamp", stamp)
	h.Set("X-HubSpot-Signature-v3", signV3(secret, http.MethodPost, url, body, stamp))
	if r.SignatureV3Only {
		return
	}
	if r.SignatureV2 {
		h.Set("X-HubSpot-Signature-Version", "v2")
		h.Set("X-HubSpot-Signature", hexDigest(secret, http.MethodPost, url, body))
		return
	}
	h.Set("X-HubSpot-Signature-Version", "v1")
	h.Set("X-HubSpot-Signature", hexDigest(secret, body))
}

func signV3(secret, method, url, body, stamp string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(method + v3Escapes.Replace(url) + body + stamp))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func hexDigest(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "")))
	return hex.EncodeToString(sum[:])
}

// v3Escapes decodes the escapes that a v3 signature decodes, and no others.
var v3Escapes = strings.NewReplacer(
	"%3A", ":", "%3a", ":", "%2F", "/", "%2f", "/", "%3F", "?", "%3f", "?", "%40", "@", "%21", "!", "%24", "$",
	"%27", "'", "%28", "(", "%29", ")", "%2A", "*", "%2a", "*", "%2C", ",", "%2c", ",", "%3B", ";", "%3b", ";",
)
