// The shell: who is at the page, which view the address names, and what every view shares.

import * as api from "./api.js";
import { AccountMenu } from "./account.js";
import { confirm } from "./dialog.js";
import { byId, coalesce, el } from "./dom.js";
import { Inbox } from "./inbox/inbox.js";
import { Live } from "./live.js";
import { Notifier } from "./notify.js";
import { Store } from "./store.js";
import { toast } from "./toast.js";

const HOME = { view: "inbox", rest: [] };
const ADMIN = ["settings", "marketplace", "developer"];

const store = new Store();
const live = new Live(byId("connection"));
const routeListeners = new Set();
let route;
let unmount = () => {};

// context is what a view gets.
const context = {
  api,
  state: store,
  live,
  toast,
  confirm,
  navigate: (hash) => { location.hash = hash; },
  onRoute: (listener) => {
    routeListeners.add(listener);
    return () => routeListeners.delete(listener);
  },
};

live.on("thread", (thread) => store.applyThread(thread));
live.on("message", (message) => store.applyMessage(message));
live.on("change", (change) => store.applyChange(change));
const inbox = new Inbox(byId("inbox"), context);
new AccountMenu(context);
new Notifier(context);

function readAddress() {
  const [view, ...rest] = location.hash.replace(/^#\/?/, "").split("/").filter(Boolean).map(decode);
  return view === "inbox" || ADMIN.includes(view) ? { view, rest } : HOME;
}

function decode(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // somebody typed a lone %
  }
}

function follow() {
  const next = readAddress();
  const changed = next.view !== route?.view;
  route = next;
  if (changed) show(route);
  else for (const listener of routeListeners) listener(route);
  inbox.follow(route.view === "inbox" ? route.rest[0] : undefined, route.view === "inbox");
}

async function show({ view }) {
  unmount();
  unmount = () => {};
  document.body.dataset.route = view;
  byId("inbox").hidden = view !== "inbox";
  byId("view").hidden = view === "inbox";
  byId("view").replaceChildren();
  for (const link of document.querySelectorAll(".top [data-view]")) {
    if (link.dataset.view === view) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  if (view !== "inbox") await mount(view);
}

async function mount(view) {
  const wanted = route;
  const container = el("div", { class: "view-body" });
  try {
    const { mount: mountView } = await import(`./admin/${view}.js`);
    if (wanted.view !== route.view) return; // the reader has gone on
    byId("view").replaceChildren(container);
    unmount = mountView(container, { ...context, route }) ?? unmount;
    container.querySelector("h1")?.focus({ preventScroll: true });
  } catch (error) {
    console.warn(error);
    byId("view").replaceChildren(el("p", { class: "error-note", role: "alert" },
      "This part of the page could not be loaded. Reload the page to try again."));
  }
}

// loadState starts anew as the default user when the one remembered is of a simulator that is gone.
async function loadState() {
  try {
    await store.reload();
  } catch (error) {
    if (error.status !== 404) throw error;
    api.forget();
    await store.reload();
  }
}

const loadAll = coalesce(async () => {
  try {
    await loadState();
  } catch (error) {
    console.warn(error.message); // the note about the stream tells, and its return loads again
    return;
  }
  if (route) await inbox.reload();
  else {
    follow();
    addEventListener("hashchange", follow);
  }
});

live.on("hello", loadAll);
live.on("state", loadAll);
await loadAll();
live.start();
