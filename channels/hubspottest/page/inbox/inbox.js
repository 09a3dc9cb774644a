// The inbox: the list, the conversation and its details. It stays in the page while another view is shown, so
// that drafts and what waits to be sent are not lost.

import { byId } from "../dom.js";
import { startLightbox } from "./attachments.js";
import { Composer } from "./composer.js";
import { EmptyState } from "./connect.js";
import { Conversation } from "./conversation.js";
import { Details } from "./details.js";
import { Outbox } from "./outbox.js";
import { outboxView } from "./outbox-view.js";
import { startConversation } from "./start.js";
import { ThreadList } from "./threads.js";

const READ_DELAY_MS = 300;
const EDITABLE = "input, textarea, select, [contenteditable='true'], dialog, [popover]";

export class Inbox {
  #context;
  #store;
  #root;
  #outbox;
  #list;
  #composer;
  #conversation;
  #wantsList = false; // a reader who went back to the list wants the list: no thread opens by itself
  #keepFocus = false;
  #reading;

  constructor(root, context) {
    this.#root = root;
    this.#context = context;
    this.#store = context.state;
    this.#outbox = new Outbox(this.#store);
    this.#composer = new Composer(context, (threadId, draft) => {
      this.#outbox.add(threadId, draft);
      this.#conversation.toEnd();
    });
    this.#conversation = new Conversation(context, this.#outbox, {
      createOutboxView: () => outboxView({
        onRetry: (item) => this.#outbox.retry(item),
        onEdit: (item) => {
          this.#outbox.takeOut(item);
          this.#composer.restore(item);
        },
      }),
      onWriteAgain: (message) => this.#composer.writeAgain(message),
    });
    this.#list = new ThreadList(context, (id, options) => this.openThread(id, options));
    new EmptyState(context);
    new Details(context);
    startLightbox();
    this.#listen();
  }

  #listen() {
    this.#store.on("new-thread", (thread) => this.#openByItself(thread));
    this.#store.on("incoming", ({ threadId }) => { if (threadId === this.#store.openId) this.#markRead(); });
    document.addEventListener("visibilitychange", () => { if (this.#store.open?.unread > 0) this.#markRead(); });
    for (const type of ["threads", "open"]) this.#store.on(type, () => this.#showView());
    byId("back").addEventListener("click", () => this.#context.navigate("#/inbox"));
    byId("start").addEventListener("click", () => startConversation(this.#context));
    byId("details-toggle").addEventListener("click", () => this.#showDetails(this.#root.dataset.details !== "open"));
    document.addEventListener("keydown", (event) => this.#onKey(event));
  }

  openThread(id, { keepFocus = false } = {}) {
    this.#keepFocus = keepFocus;
    const hash = `#/inbox/${encodeURIComponent(id)}`;
    if (location.hash === hash) this.follow(id, true);
    else location.hash = hash;
  }

  // follow shows the thread that the address names, if there is one.
  follow(id, shown) {
    this.#store.watch(shown);
    if (!shown) return;
    const known = this.#store.threads.has(id);
    this.#wantsList = !known && (this.#wantsList || this.#store.openId !== undefined);
    if (id !== this.#store.openId) this.#showDetails(false);
    this.#store.select(known ? id : undefined);
    if (!known) {
      this.#openByItself();
      return;
    }
    this.#load();
    if (!this.#keepFocus) this.#composer.focusSoon();
    this.#keepFocus = false;
  }

  // reload fetches the open thread again after the page was without events.
  async reload() {
    if (this.#store.openId) await this.#load();
    else this.#openByItself();
  }

  // openByItself opens the only thread, or one that is new to the page, when none is open.
  #openByItself(newThread) {
    const id = newThread?.id ?? (this.#store.threads.size === 1 ? [...this.#store.threads.keys()][0] : undefined);
    if (!this.#store.watched || this.#store.openId || this.#wantsList || !id) return;
    history.replaceState(null, "", `#/inbox/${encodeURIComponent(id)}`);
    this.follow(id, true);
  }

  async #load() {
    try {
      await this.#store.loadOpen();
    } catch (error) {
      // Without an answer at all, the note about the stream tells, and its return loads again.
      if (error.status) this.#context.toast(error.message, { kind: "bad" });
    }
  }

  #markRead() {
    clearTimeout(this.#reading);
    this.#reading = setTimeout(() => {
      if (this.#store.watched && this.#store.openId && document.visibilityState === "visible") this.#load();
    }, READ_DELAY_MS);
  }

  #showView() {
    const view = this.#store.openId ? "conversation" : this.#store.threads.size > 0 ? "list" : "empty";
    this.#root.dataset.view = view;
    byId("conversation").hidden = view !== "conversation";
    byId("empty").hidden = view === "conversation";
  }

  #showDetails(open) {
    this.#root.dataset.details = open ? "open" : "";
    byId("details-toggle").setAttribute("aria-expanded", String(open));
    if (open) byId("details").querySelector("h2")?.focus();
  }

  #onKey(event) {
    if (!this.#store.watched || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") {
      this.#onEscape(event.target);
      return;
    }
    if (event.target.closest(EDITABLE)) return;
    const run = {
      j: () => this.#list.step(1),
      k: () => this.#list.step(-1),
      "/": () => this.#list.showSearch(true),
      r: () => this.#composer.start("reply"),
      c: () => this.#composer.start("comment"),
    }[event.key];
    if (!run || (!this.#store.openId && "rc".includes(event.key))) return;
    event.preventDefault();
    run();
  }

  #onEscape(target) {
    if (this.#root.dataset.details === "open") {
      this.#showDetails(false);
      byId("details-toggle").focus();
    } else if (target.closest(".composer")) this.#list.focusOpen();
  }
}
