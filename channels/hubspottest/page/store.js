// What the page knows: the simulator's state, all threads, and the messages of the open thread.
// Two sources feed it, snapshots (answers to GET) and the event stream. An event that arrives while a
// snapshot is under way may be newer than the snapshot, so it is applied again on top of it.

import { coalesce } from "./dom.js";
import * as api from "./api.js";

// Events: "state" (app, portal, accounts), "threads", "open" (another thread or none), "messages" (of the
// open thread), "new-thread" (detail: the thread), "incoming" (detail: a customer's new message, in any
// thread).
export class Store extends EventTarget {
  info; // undefined until the first state has arrived
  threads = new Map();
  openId;
  messages = new Map();
  loaded = false; // whether messages holds a snapshot of the open thread
  #recorders = new Set();

  get open() {
    return this.threads.get(this.openId);
  }

  get connected() {
    return Boolean(this.info?.portal?.installed && this.info.accounts.length > 0);
  }

  // sortedThreads lists the newest activity first, as the server does.
  sortedThreads() {
    return [...this.threads.values()].sort((a, b) => Date.parse(b.latestAt) - Date.parse(a.latestAt));
  }

  // sortedMessages are in the server's order: by time, and at the same time by arrival.
  sortedMessages() {
    return [...this.messages.values()].sort((a, b) => Date.parse(a.createdAt) - Date.parse(b.createdAt));
  }

  // unread counts nothing for the thread that the agent is looking at.
  unread(thread) {
    const seen = thread.id === this.openId && document.visibilityState === "visible";
    return seen ? 0 : thread.unread ?? 0;
  }

  loadState = coalesce(async () => {
    const [state, events] = await this.#snapshot(api.getState());
    this.info = { ...state, channels: state.channels ?? [], accounts: state.accounts ?? [], threads: undefined };
    this.threads = new Map((state.threads ?? []).map((thread) => [thread.id, thread]));
    for (const { thread } of events) if (thread) this.threads.set(thread.id, thread);
    if (this.openId && !this.threads.has(this.openId)) this.select(undefined);
    this.#tell("state");
    this.#tell("threads");
  });

  // loadMessages also tells the simulator that the agent has read the thread.
  loadMessages = coalesce(async () => {
    const id = this.openId;
    if (!id) return;
    const [answer, events] = await this.#snapshot(api.getThread(id));
    if (id !== this.openId) return;
    this.messages = new Map(answer.messages.map((message) => [message.id, message]));
    for (const { message } of events) if (message?.threadId === id) this.messages.set(message.id, message);
    this.threads.set(id, { ...(events.findLast((e) => e.thread?.id === id)?.thread ?? answer.thread), unread: 0 });
    this.loaded = true;
    this.#tell("messages");
    this.#tell("threads");
  });

  select(id) {
    if (id === this.openId) return;
    this.openId = id;
    this.messages = new Map();
    this.loaded = false;
    this.#tell("open");
    this.#tell("messages");
    this.#tell("threads");
  }

  applyThread(thread) {
    this.#record({ thread });
    const known = this.threads.has(thread.id);
    this.threads.set(thread.id, thread);
    this.#tell("threads");
    if (!known) this.#tell("new-thread", thread);
  }

  applyMessage(message) {
    this.#record({ message });
    const known = this.messages.has(message.id);
    if (message.threadId === this.openId) {
      this.messages.set(message.id, message);
      this.#tell("messages");
    }
    if (message.direction === "INCOMING" && !known) this.#tell("incoming", message);
  }

  // confirm sees to it that the answer to a reply is shown. The stream mostly was faster; otherwise the
  // server's list is asked, because only it knows what came between.
  async confirm(message) {
    if (message.threadId === this.openId && !this.messages.has(message.id)) await this.loadMessages();
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
