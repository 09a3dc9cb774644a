// What the page knows: the simulator's state, all threads, and all about the open thread.
// Two sources feed it, snapshots (answers to GET) and the event stream. An event that arrives while a
// snapshot is under way may be newer than the snapshot, so it is applied again on top of it.

import * as api from "./api.js";
import { coalesce } from "./dom.js";

// Events: "state" (portal, users, channels, accounts), "threads", "open" (another thread or none), "messages"
// and "about" (of the open thread: what was said and done; its contact and outlets), "new-thread" (detail: the
// thread), "incoming" (detail: a customer's new message, in any thread).
export class Store extends EventTarget {
  info; // undefined until the first state has arrived
  threads = new Map();
  openId;
  messages = new Map();
  changes = new Map();
  watched = false; // whether the open thread is on the screen, and not another view
  about; // {contact, earlier, outlets} of the open thread, once it is loaded
  #recorders = new Set();

  // on is addEventListener with the detail alone; it returns what ends it.
  on(type, listener) {
    const wrapped = ({ detail }) => listener(detail);
    this.addEventListener(type, wrapped);
    return () => this.removeEventListener(type, wrapped);
  }

  get open() {
    return this.threads.get(this.openId);
  }

  get loaded() {
    return this.about !== undefined;
  }

  get connected() {
    return Boolean(this.info?.portal?.installed && this.info.accounts.length > 0);
  }

  // sortedThreads lists the newest activity first, as the server does.
  sortedThreads() {
    return [...this.threads.values()].sort((a, b) => b.at - a.at);
  }

  // timeline is what was said and done in the open thread, in the server's order: by time, and at the same
  // time by arrival. Changes have a kind of "change".
  timeline() {
    return [...this.messages.values(), ...this.changes.values()].sort((a, b) => a.at - b.at);
  }

  // unread counts nothing for the thread that the agent is looking at.
  unread(thread) {
    const seen = this.watched && thread.id === this.openId && document.visibilityState === "visible";
    return seen ? 0 : thread.unread ?? 0;
  }

  actorName(id) {
    if (!id) return "";
    if (id === "S-hubspot") return "HubSpot";
    if (id.startsWith("I-")) return this.info?.app?.name || "The app";
    return this.info?.users.find(({ actorId }) => actorId === id)?.name ?? id;
  }

  inboxName(id) {
    return this.info?.inboxes.find((inbox) => inbox.id === id)?.name ?? id;
  }

  reload = coalesce(async () => {
    const [state, events] = await this.#snapshot(api.get("api/state"));
    const { threads, ...info } = state;
    this.info = info;
    this.threads = new Map(threads.map((thread) => [thread.id, dated(thread, thread.latestAt)]));
    for (const { thread } of events) if (thread) this.threads.set(thread.id, thread);
    if (this.openId && !this.threads.has(this.openId)) this.select(undefined);
    this.#tell("state");
    this.#tell("threads");
  });

  // loadOpen also tells the simulator that the agent has read the thread.
  loadOpen = coalesce(async () => {
    const id = this.openId;
    if (!id) return;
    const [answer, events] = await this.#snapshot(api.get(`api/threads/${encodeURIComponent(id)}`));
    if (id !== this.openId) return;
    this.messages = new Map(answer.messages.map((message) => [message.id, dated(message, message.createdAt)]));
    this.changes = new Map(answer.history.map((change) => [change.id, asChange(change)]));
    for (const { message, change } of events) {
      if (message?.threadId === id) this.messages.set(message.id, message);
      if (change?.threadId === id) this.changes.set(change.id, change);
    }
    const latest = events.findLast((event) => event.thread?.id === id)?.thread ?? dated(answer.thread, answer.thread.latestAt);
    this.threads.set(id, { ...latest, unread: 0 });
    this.about = { contact: answer.contact, earlier: answer.earlier, outlets: answer.outlets };
    for (const type of ["messages", "about", "threads"]) this.#tell(type);
  });

  watch(watched) {
    if (watched === this.watched) return;
    this.watched = watched;
    this.#tell("threads");
  }

  select(id) {
    if (id === this.openId) return;
    this.openId = id;
    this.messages = new Map();
    this.changes = new Map();
    this.about = undefined;
    for (const type of ["open", "messages", "about", "threads"]) this.#tell(type);
  }

  applyThread(raw) {
    const thread = dated(raw, raw.latestAt);
    this.#record({ thread });
    const known = this.threads.has(thread.id);
    this.threads.set(thread.id, thread);
    this.#tell("threads");
    if (!known) this.#tell("new-thread", thread);
  }

  applyMessage(raw) {
    const message = dated(raw, raw.createdAt);
    this.#record({ message });
    const known = this.messages.has(message.id);
    if (message.threadId === this.openId) {
      this.messages.set(message.id, message);
      this.#tell("messages");
    }
    if (message.direction === "INCOMING" && !known) this.#tell("incoming", message);
  }

  applyChange(raw) {
    const change = asChange(raw);
    this.#record({ change });
    if (change.threadId !== this.openId) return;
    this.changes.set(change.id, change);
    this.#tell("messages");
  }

  // confirm sees to it that what was just sent is shown. The stream mostly was faster; otherwise the server's
  // list is asked, because only it knows what came between.
  async confirm(message) {
    if (message.threadId === this.openId && !this.messages.has(message.id)) await this.loadOpen();
  }

  async #snapshot(answer) {
    const events = [];
    this.#recorders.add(events);
    try {
      return [await answer, events];
    } finally {
      this.#recorders.delete(events);
    }
  }

  #record(event) {
    for (const events of this.#recorders) events.push(event);
  }

  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

// dated adds the time in a form that sorts: lists are sorted at every event.
const dated = (item, time) => ({ ...item, at: Date.parse(time) });

const asChange = (change) => ({ ...dated(change, change.at), kind: "change", createdAt: change.at });
