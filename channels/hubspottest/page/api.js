// The simulator's endpoints for this page. Addresses are relative to the page, so that the simulator may
// be mounted anywhere. Every failure is an ApiError whose message can be shown as it is.

const SIMULATOR = "simulator/";
const REMEMBERED = "simulator-who";

let acting = fromAddress() ?? remembered();
if (acting.portal || acting.user) writeAddress(location, acting);

// who is at the page: the ids of a portal and of one of its users; empty is the simulator's default.
export const who = () => acting;

// choose starts the page again as somebody else. What is open in one portal does not exist in another.
export function choose({ portal = acting.portal, user = "" }) {
  const url = new URL(location.href);
  if (portal !== acting.portal) url.hash = url.hash.split("/").slice(0, 2).join("/");
  acting = { portal: String(portal), user: String(user) };
  remember(acting);
  location.assign(addressFor(url, acting));
  if (addressFor(url, acting).href === location.href) location.reload();
}

// forget goes back to the default portal and user: those remembered may be of a simulator that is gone.
export function forget() {
  acting = { portal: "", user: "" };
  remember(acting);
  writeAddress(location, acting);
}

export const get = (path, query) => call(path, { method: "GET" }, query);
export const post = (path, body) => call(path, json("POST", body));
export const put = (path, body) => call(path, json("PUT", body));
export const patch = (path, body) => call(path, json("PATCH", body));
export const del = (path) => call(path, { method: "DELETE" });

// form sends fields as a browser's form does; a list is a field that is repeated.
export function form(path, fields) {
  const body = new FormData();
  for (const [name, value] of Object.entries(fields)) {
    for (const one of [value].flat()) {
      if (one instanceof File) body.append(name, one, one.name);
      else if (one !== undefined) body.append(name, one);
    }
  }
  return call(path, { method: "POST", body });
}

// address of an endpoint, for what is not fetched here (the event stream).
export function address(path, query = {}) {
  const all = new URLSearchParams();
  for (const [name, value] of Object.entries({ ...query, ...acting })) {
    for (const one of [value].flat()) if (one !== undefined && one !== "") all.append(name, one);
  }
  return SIMULATOR + path + (all.size > 0 ? `?${all}` : "");
}

export class ApiError extends Error {
  constructor(message, status = 0) {
    super(message);
    this.status = status; // 0: no answer
  }
}

const json = (method, body) => ({
  method,
  headers: { "Content-Type": "application/json" },
  body: JSON.stringify(body ?? {}),
});

async function call(path, options, query) {
  const { response, body } = await exchange(address(path, query), options);
  if (response.ok) return parse(body);
  throw new ApiError(parse(body)?.message || `The simulator answered with status ${response.status}.`, response.status);
}

async function exchange(url, options) {
  try {
    const response = await fetch(url, { cache: "no-store", ...options });
    return { response, body: await response.text() };
  } catch {
    throw new ApiError("The simulator does not answer. Is it still running?");
  }
}

function parse(body) {
  try {
    return body ? JSON.parse(body) : undefined;
  } catch {
    return undefined;
  }
}

function fromAddress() {
  const query = new URLSearchParams(location.search);
  if (!query.has("portal") && !query.has("user")) return undefined;
  return { portal: query.get("portal") ?? "", user: query.get("user") ?? "" };
}

function addressFor(base, { portal, user }) {
  const url = new URL(base);
  for (const [name, value] of [["portal", portal], ["user", user]]) {
    if (value) url.searchParams.set(name, value);
    else url.searchParams.delete(name);
  }
  return url;
}

function writeAddress(base, chosen) {
  history.replaceState(null, "", addressFor(base, chosen));
}

// Storage may be forbidden; then the address alone says who is at the page.
function remembered() {
  try {
    const { portal = "", user = "" } = JSON.parse(localStorage.getItem(REMEMBERED)) ?? {};
    return { portal: String(portal), user: String(user) };
  } catch {
    return { portal: "", user: "" };
  }
}

function remember(chosen) {
  try {
    localStorage.setItem(REMEMBERED, JSON.stringify(chosen));
  } catch {
    // Nothing depends on it.
  }
}
