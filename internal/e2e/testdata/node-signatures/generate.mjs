// Signs and validates the cases below with the Signature class of HubSpot's official Node SDK and prints the results, the
// same ones every day. webhook_node_test.go compares them with package webhook.
//
// To make vectors.json anew after a release of the SDK, install it in an empty directory and run the script from there:
//
//	npm install @hubspot/api-client
//	node path/to/generate.mjs > path/to/vectors.json
import { createRequire } from "node:module";

const require = createRequire(process.cwd() + "/");
const { Signature } = require("@hubspot/api-client");
const { name, version } = require("@hubspot/api-client/package.json");

const secret = "7d0c1f6a-25b1-4e0e-9a55-0f5a9d6c1e42";
const home = "https://hooks.example.test";
const event =
  '{"type":"CHANNEL_ACCOUNT_UPDATED","portalId":"24681012","channelId":"918273",' +
  '"eventTimestamp":"2026-10-01T10:00:00.000Z","channelAccountId":"5550001"}';
const now = 1790000000000;
const minute = 60_000;

// The SDK leaves it to its caller to decode the URI before v3 signs it. This is what HubSpot's page asks for.
const decode = (uri) => uri.replace(/%(21|24|27|28|29|2A|2C|2F|3A|3B|3F|40)/gi, decodeURIComponent);

// Requests on which all three schemes are tried. Their URIs hold nothing that v3 decodes.
const requests = [
  { name: "event", uri: home + "/hubspot/webhook", body: event },
  { name: "empty body", method: "GET", uri: home + "/hubspot/webhook", body: "" },
  { name: "PUT", method: "PUT", uri: home + "/cc", body: "{}" },
  { name: "PATCH", method: "PATCH", uri: home + "/cc", body: "{}" },
  { name: "DELETE", method: "DELETE", uri: home + "/cc", body: "" },
  { name: "http and port", uri: "http://localhost:8080/cc", body: "{}" },
  { name: "root", uri: home + "/", body: "{}" },
  { name: "trailing slash", uri: home + "/cc/", body: "{}" },
  { name: "double slashes", uri: home + "/a//b///c", body: "{}" },
  { name: "repeated keys", uri: home + "/cc?k=2&k=1&K=0&k=&k", body: "{}" },
  { name: "empty query", uri: home + "/cc?", body: "{}" },
  { name: "characters that v3 decodes, not encoded", uri: home + "/a:b@c/!$'()*,;?q=/?:@!$'()*,;", body: "{}" },
  { name: "sequences that stay encoded", uri: home + "/a%20b/%7Ee%25?q=%20%22%23%25%26%2B%3D%5B%5D%7C+x", body: "{}" },
  { name: "encoded UTF-8", uri: home + "/gr%C3%BC%C3%9Fe?q=%F0%9F%98%80%e2%98%83", body: "{}" },
  { name: "sequence encoded twice", uri: home + "/cc?q=a%253Ab", body: "{}" },
  { name: "unicode body", uri: home + "/cc", body: '{"text":"Grüße – 你好 ☃ 😀 e\u0301 \u202eabc"}' },
  { name: "escaped body", uri: home + "/cc", body: '{"text":"\\u00e9 \\ud83d\\ude00 \\/ \\u0000"}' },
  { name: "body with white space", uri: home + "/cc", body: ' {\r\n\t"text": "a  b"\n}\n' },
  { name: "body with markup", uri: home + "/cc", body: '{"richText":"<p>a &amp; b</p>"}' },
  { name: "body that is no JSON", uri: home + "/cc", body: "\ufefftext=a%3Ab&x" },
];

const table = home + "/a%2Fb?q=%3A%2F%3F%40%21%24%27%28%29%2A%2C%3B&stay=%20%26%3D%2B";
const cc = { version: "v3", uri: home + "/cc", body: event };
const special = [
  { ...cc, name: "URI decoded by the caller", uri: table, given: { url: decode(table) } },
  { ...cc, name: "URI in lower case decoded by the caller", uri: home + "/cc?q=a%3ab%2fc", given: { url: home + "/cc?q=a:b/c" } },
  { ...cc, name: "URI as it came", uri: table },
  { ...cc, name: "body left out", body: "", given: { requestBody: undefined } },
  { ...cc, name: "timestamp as text", timestamp: String(now) },
  { ...cc, name: "timestamp is no number", timestamp: "now" },
  { ...cc, name: "exactly five minutes old", timestamp: now - 5 * minute },
  { ...cc, name: "a millisecond older than five minutes", timestamp: now - 5 * minute - 1 },
  { ...cc, name: "five minutes ahead", timestamp: now + 5 * minute },
  { ...cc, name: "an hour ahead", timestamp: now + 60 * minute },
  { ...cc, name: "seconds for milliseconds", timestamp: now / 1000 },
  { ...cc, name: "signature of another body", present: () => sign({ ...cc, body: event + " " }) },
  { ...cc, name: "signature of another URI", present: () => sign({ ...cc, uri: cc.uri + "/" }) },
  { ...cc, name: "signature with another secret", present: () => sign({ ...cc, given: { clientSecret: "another" } }) },
  { ...cc, name: "signature of v2", present: () => sign({ ...cc, version: "v2" }) },
  { ...cc, name: "signature without its padding", present: (s) => s.replace("=", "") },
  { ...cc, name: "signature whose plus has become a space", timestamp: now - 1, present: (s) => s.replaceAll("+", " ") },
  { ...cc, name: "v1 in capitals", version: "v1", present: (s) => s.toUpperCase() },
  { ...cc, name: "no version asked for", version: "" },
];

// sign and accepts are all that is asked of the SDK.
function options({ uri, body, timestamp = now, given }) {
  return { clientSecret: secret, url: uri, requestBody: body, timestamp, ...given };
}
function sign(c) {
  return Signature.getSignature(c.method ?? "POST", c.version || "v1", options(c));
}
function accepts(c, signature) {
  Date.now = () => now;
  try {
    const method = c.method ?? "POST";
    return { accepted: Signature.isValid({ ...options(c), method, signatureVersion: c.version || undefined, signature }) };
  } catch (e) {
    return { accepted: false, error: e.message };
  }
}

const cases = [
  ...["v1", "v2", "v3"].flatMap((v) => requests.map((r) => ({ ...r, version: v, name: `${v}, ${r.name}` }))),
  ...special,
].map((c) => {
  const signature = sign(c);
  const presented = c.present?.(signature) ?? signature;
  return {
    name: c.name,
    version: c.version,
    method: c.method ?? "POST",
    uri: c.uri,
    body: c.body,
    timestamp: String(c.timestamp ?? now),
    signature,
    presented: presented === signature ? undefined : presented,
    ...accepts(c, presented),
  };
});

// Characters beyond ASCII are escaped, so that no editor changes them unseen.
const escape = (c) => "\\u" + c.charCodeAt(0).toString(16).padStart(4, "0");
const lines = cases.map((c) => "    " + JSON.stringify(c).replace(/[^ -~]/g, escape)).join(",\n");
console.log(`{\n  "package": "${name}",\n  "version": "${version}",\n  "secret": "${secret}",\n  "now": ${now},\n  "cases": [\n${lines}\n  ]\n}`);
