// Replies and comments on their way to the simulator. Each thread has its own queue and one request at a time,
// so that they arrive in the order they were written. One that fails stays, with its text and the reason, and
// holds back those behind it until the agent sends it again or takes it out.

import * as api from "../api.js";

// Events: "change".
export class Outbox extends EventTarget {
  #store;
  #queues = new Map();
  #running = new Set();
  #sent = 0;

  constructor(store) {
    super();
    this.#store = store;
  }

  // items are what is not with the simulator yet: {id, comment, text, richText, files, via, to, failed}.
  items(threadId) {
    return this.#queues.get(threadId) ?? [];
  }

  add(threadId, draft) {
    const item = { ...draft, id: ++this.#sent, threadId, failed: "" };
    this.#queues.set(threadId, [...this.items(threadId), item]);
    this.#changed();
    this.#run(threadId);
  }

  retry(item) {
    item.failed = "";
    this.#changed();
    this.#run(item.threadId);
  }

  // takeOut removes one that failed; those behind it go on.
  takeOut(item) {
    this.#remove(item);
    this.#run(item.threadId);
  }

  async #run(threadId) {
    if (this.#running.has(threadId)) return;
    this.#running.add(threadId);
    for (let item = this.#next(threadId); item; item = this.#next(threadId)) await this.#send(item);
    this.#running.delete(threadId);
  }

  #next(threadId) {
    const [first] = this.items(threadId);
    return first?.failed ? undefined : first;
  }

  async #send(item) {
    try {
      const message = await post(item);
      // Shown as sent even if asking for it fails: the next snapshot brings it.
      await this.#store.confirm(message).catch(() => {});
      this.#remove(item);
    } catch (error) {
      item.failed = error.message;
      this.#changed();
    }
  }

  #remove(item) {
    this.#queues.set(item.threadId, this.items(item.threadId).filter((other) => other !== item));
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}

function post({ threadId, comment, text, richText, files, via, to }) {
  const path = `api/threads/${encodeURIComponent(threadId)}`;
  if (comment) return api.post(`${path}/comments`, { text, richText });
  return api.form(`${path}/reply`, { text, richText, files, via, toType: to?.type, toValue: to?.value });
}
