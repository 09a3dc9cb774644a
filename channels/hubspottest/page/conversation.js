// The open conversation: its head, its messages, and where it is scrolled to.

import * as api from "./api.js";
import { byId, KeyedList, setText } from "./dom.js";
import { messageView } from "./message.js";

const NEAR_END = 48; // pixels from the end that still count as being there

export class Conversation {
  #store;
  #outbox;
  #messages = new KeyedList(byId("messages"), messageView);
  #waiting;
  #scroll = byId("scroll");
  #jump = byId("jump");
  #atEnd = true;
  #top = 0; // the last known scroll position
  #unseen = 0;

  constructor(store, outbox, createOutboxView) {
    this.#store = store;
    this.#outbox = outbox;
    this.#waiting = new KeyedList(byId("outbox"), createOutboxView);
    store.addEventListener("open", () => this.toEnd());
    store.addEventListener("threads", () => this.#renderHead());
    store.addEventListener("messages", () => this.#renderMessages());
    store.addEventListener("incoming", ({ detail }) => this.#onIncoming(detail));
    outbox.addEventListener("change", () => this.#renderOutbox());
    this.#followEnd();
    byId("toggle-status").addEventListener("click", () => this.#toggleStatus());
  }

  toEnd() {
    this.#atEnd = true;
    this.#unseen = 0;
    this.#scroll.scrollTop = this.#scroll.scrollHeight;
    this.#top = this.#scroll.scrollTop;
    this.#renderJump();
  }

  // followEnd keeps the end in view while images load and the window changes, if it was in view before.
  // Only scrolling up leaves the end: content that grew since may have moved it away on its own.
  #followEnd() {
    this.#scroll.addEventListener("scroll", () => {
      const { scrollHeight, scrollTop, clientHeight } = this.#scroll;
      const near = scrollHeight - scrollTop - clientHeight < NEAR_END;
      this.#atEnd = near || (this.#atEnd && scrollTop >= this.#top);
      this.#top = scrollTop;
      if (this.#atEnd) this.#unseen = 0;
      this.#renderJump();
    }, { passive: true });
    const observer = new ResizeObserver(() => { if (this.#atEnd) this.toEnd(); });
    observer.observe(this.#scroll);
    observer.observe(byId("scroll-content"));
    this.#jump.addEventListener("click", () => this.toEnd());
  }

  #renderHead() {
    const thread = this.#store.open;
    if (!thread) return;
    setText(byId("conversation-customer"), thread.customer);
    setText(byId("conversation-channel"), [thread.channelName, thread.accountName].filter(Boolean).join(" · "));
    const closed = thread.status === "CLOSED";
    setText(byId("toggle-status"), closed ? "Reopen" : "Close");
    byId("toggle-status").title = closed ? "Reopen this conversation" : "Close this conversation: it is done";
  }

  #renderMessages() {
    const atEnd = this.#atEnd;
    this.#messages.show(this.#store.sortedMessages());
    byId("messages").setAttribute("aria-busy", String(!this.#store.loaded));
    this.#renderOutbox();
    if (atEnd) this.toEnd();
  }

  #renderOutbox() {
    this.#waiting.show(this.#outbox.items(this.#store.openId));
  }

  #onIncoming(message) {
    if (message.threadId !== this.#store.openId || this.#atEnd) return;
    this.#unseen++;
    this.#renderJump();
  }

  #renderJump() {
    this.#jump.hidden = this.#atEnd;
    const words = this.#unseen === 1 ? "1 new message" : `${this.#unseen} new messages`;
    setText(this.#jump.querySelector("span"), this.#unseen > 0 ? words : "Latest");
  }

  async #toggleStatus() {
    const { id, status } = this.#store.open;
    try {
      await api.setThreadStatus(id, status === "CLOSED" ? "OPEN" : "CLOSED");
    } catch (error) {
      byId("toggle-status").title = error.message;
    }
  }
}
