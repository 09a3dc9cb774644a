// The agent's inbox. The store knows, the views show, and the address (#thread-…) says which thread is open.

import { startLightbox } from "./attachments.js";
import { Composer } from "./composer.js";
import { EmptyState } from "./connect.js";
import { Conversation } from "./conversation.js";
import { Details } from "./details.js";
import { byId, coalesce } from "./dom.js";
import { Journal } from "./journal.js";
import { listen } from "./live.js";
import { Notifier } from "./notify.js";
import { Outbox } from "./outbox.js";
import { outboxView } from "./outbox-view.js";
import { Store } from "./store.js";
import { ThreadList } from "./threads.js";

const PREFIX = "#thread-";
const READ_DELAY_MS = 300;

const store = new Store();
const outbox = new Outbox(store);
const composer = new Composer(store, (threadId, draft) => {
  outbox.add(threadId, draft);
  conversation.toEnd();
});
const conversation = new Conversation(store, outbox, () => outboxView({
  onRetry: (item) => outbox.retry(item),
  onEdit: (item) => {
    outbox.takeOut(item);
    composer.restore(item);
  },
}));
new ThreadList(store, openThread);
new EmptyState(store);
new Details(store);
new Notifier(store);
new Journal();
startLightbox();

// A reader who went back to the list wants the list: from then on no thread opens by itself.
let wantsList = false;

function openThread(id) {
  const address = PREFIX + encodeURIComponent(id);
  if (location.hash === address) followAddress();
  else location.hash = address;
}

function followAddress() {
  const id = location.hash.startsWith(PREFIX) ? decodeURIComponent(location.hash.slice(PREFIX.length)) : undefined;
  const known = store.threads.has(id);
  wantsList = !known && (wantsList || store.openId !== undefined);
  store.select(known ? id : undefined);
  if (!known) return;
  load(store.loadMessages);
  focusReply();
}

// openByItself opens the only thread, or one that is new to the page, when none is open.
function openByItself(newThread) {
  const id = newThread?.id ?? (store.threads.size === 1 ? [...store.threads.keys()][0] : undefined);
  if (store.openId || wantsList || !id) return;
  history.replaceState(null, "", PREFIX + encodeURIComponent(id));
  followAddress();
}

// On a touch screen the focus would bring up the keyboard over the conversation.
function focusReply() {
  if (!matchMedia("(pointer: coarse)").matches && isAtRest(document.activeElement)) composer.focus();
}

const isAtRest = (element) => !element || element === document.body || element.matches("[data-thread-id]");

// What cannot be fetched now is fetched again when the stream is back, and the connection note tells.
function load(fetching) {
  return fetching().catch((error) => console.warn(error.message));
}

const loadAll = coalesce(async () => {
  await load(store.loadState);
  if (store.openId) await load(store.loadMessages);
  else followAddress();
  openByItself();
});

let reading;
function markRead() {
  clearTimeout(reading);
  reading = setTimeout(() => {
    if (store.openId && document.visibilityState === "visible") load(store.loadMessages);
  }, READ_DELAY_MS);
}

store.addEventListener("new-thread", ({ detail }) => openByItself(detail));
store.addEventListener("incoming", ({ detail }) => { if (detail.threadId === store.openId) markRead(); });
document.addEventListener("visibilitychange", () => { if (store.open?.unread > 0) markRead(); });
addEventListener("hashchange", followAddress);
byId("back").addEventListener("click", () => { location.hash = ""; });

for (const type of ["threads", "open"]) {
  store.addEventListener(type, () => {
    const view = store.openId ? "conversation" : store.threads.size > 0 ? "list" : "empty";
    document.body.dataset.view = view;
    byId("conversation").hidden = view !== "conversation";
    byId("empty").hidden = view === "conversation";
  });
}

loadAll();
listen(store, {
  note: byId("connection"),
  onHello: loadAll,
  onState: () => load(store.loadState),
});
