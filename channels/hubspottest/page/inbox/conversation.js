// The open conversation: its head, what was said and done, and where it is scrolled to.

import { byId, KeyedList, later, setText } from "../dom.js";
import { menu } from "../ui.js";
import { entryView } from "./message.js";

const NEAR_END = 48; // pixels from the end that still count as being there
const EMAIL = "1002"; // the channel of HubSpot's built-in e-mail
const PAGE = 60; // entries shown at first, and added at a time

export class Conversation {
  #context;
  #store;
  #outbox;
  #entries;
  #waiting;
  #scroll = byId("scroll");
  #jump = byId("jump");
  #earlier = byId("earlier");
  #skipped = -1; // entries before those shown; unknown until the thread is loaded
  #atEnd = true;
  #top = 0; // the last known scroll position
  #unseen = 0;

  constructor(context, outbox, { createOutboxView, onWriteAgain }) {
    this.#context = context;
    this.#store = context.state;
    this.#outbox = outbox;
    this.#entries = new KeyedList(byId("messages"), entryView({
      find: (id) => this.#store.messages.get(id),
      show: (id) => this.#showEntry(id),
      again: onWriteAgain,
      way: (message) => this.#way(message),
      describe: (change) => this.#describe(change),
    }));
    this.#waiting = new KeyedList(byId("outbox"), createOutboxView);
    this.#store.on("open", () => {
      this.#skipped = -1;
      this.toEnd();
    });
    this.#store.on("threads", later(() => this.#renderHead()));
    this.#store.on("messages", () => this.#renderEntries());
    this.#store.on("incoming", (message) => this.#onIncoming(message));
    outbox.addEventListener("change", () => this.#renderOutbox());
    byId("toggle-status").addEventListener("click", () => this.#toggleStatus());
    byId("conversation-more").replaceWith(menu({
      label: "More", icon: "more", testid: "conversation-menu", items: () => this.#moves(),
    }));
    this.#followEnd();
    this.#followStart();
  }

  toEnd() {
    this.#atEnd = true;
    this.#unseen = 0;
    this.#scroll.scrollTop = this.#scroll.scrollHeight;
    this.#top = this.#scroll.scrollTop;
    this.#renderJump();
  }

  // followEnd keeps the end in view while images load and the window changes, if it was in view before.
  #followEnd() {
    this.#scroll.addEventListener("scroll", () => {
      if (this.#seesEnd()) this.#unseen = 0;
      this.#renderJump();
    }, { passive: true });
    const observer = new ResizeObserver(() => { if (this.#seesEnd()) this.toEnd(); });
    observer.observe(this.#scroll);
    observer.observe(byId("scroll-content"));
    this.#jump.addEventListener("click", () => this.toEnd());
  }

  // seesEnd asks where the page is scrolled to, because the event that tells may still be on its way. Only scrolling up
  // leaves the end: content that grew since may have moved it away on its own.
  #seesEnd() {
    const { scrollHeight, scrollTop, clientHeight } = this.#scroll;
    const near = scrollHeight - scrollTop - clientHeight < NEAR_END;
    this.#atEnd = near || (this.#atEnd && scrollTop >= this.#top);
    this.#top = scrollTop;
    return this.#atEnd;
  }

  // followStart adds earlier entries when the reader comes near them.
  #followStart() {
    this.#earlier.addEventListener("click", () => this.#showEarlier(PAGE));
    const observer = new IntersectionObserver(([{ isIntersecting }]) => {
      if (isIntersecting && !this.#atEnd) this.#showEarlier(PAGE);
    }, { root: this.#scroll, rootMargin: "600px 0px 0px" });
    observer.observe(this.#earlier);
  }

  #showEarlier(count) {
    if (this.#skipped <= 0) return;
    const before = this.#scroll.scrollHeight - this.#scroll.scrollTop;
    this.#skipped = Math.max(0, this.#skipped - count);
    this.#renderEntries();
    this.#scroll.scrollTop = this.#scroll.scrollHeight - before;
    this.#top = this.#scroll.scrollTop;
  }

  #showEntry(id) {
    const at = this.#store.timeline().findIndex((entry) => entry.id === id);
    if (at < 0) return;
    if (at < this.#skipped) this.#showEarlier(this.#skipped - at + 5);
    const node = byId("messages").querySelector(`[data-id="${CSS.escape(id)}"]`);
    this.#atEnd = false;
    node?.scrollIntoView({ block: "center", behavior: "smooth" });
    const outline = (colour) => ({ outline: `3px solid ${colour}`, outlineOffset: "4px" });
    node?.animate([outline("var(--accent)"), outline("transparent")], 1600);
  }

  #renderHead() {
    const thread = this.#store.open;
    if (!thread) return;
    setText(byId("conversation-customer"), thread.customer);
    const places = [thread.channelName, thread.accountName, this.#store.inboxName(thread.inboxId)];
    setText(byId("conversation-channel"), places.filter(Boolean).join(" · "));
    const closed = thread.status === "CLOSED";
    setText(byId("toggle-status"), closed ? "Reopen" : "Close");
    byId("toggle-status").title = closed ? "Reopen this conversation" : "Close this conversation: it is done";
  }

  #renderEntries() {
    const timeline = this.#store.timeline();
    const { loaded } = this.#store;
    const atEnd = this.#seesEnd();
    if (loaded && this.#skipped < 0) this.#skipped = Math.max(0, timeline.length - PAGE);
    const skipped = Math.max(0, this.#skipped);
    this.#entries.show(loaded ? timeline.slice(skipped) : []);
    this.#earlier.hidden = skipped === 0;
    setText(this.#earlier, `${skipped} earlier`);
    byId("messages").setAttribute("aria-busy", String(!loaded));
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

  #describe({ type, by, from, to }) {
    const who = this.#store.actorName(by);
    switch (type) {
      case "ASSIGNMENT":
        if (!to) return `${who} took the owner ${this.#store.actorName(from)} away`;
        return to === by ? `${who} took over the conversation` : `${who} made ${this.#store.actorName(to)} the owner`;
      case "THREAD_STATUS_CHANGE":
        return `${who} ${to === "CLOSED" ? "closed" : "reopened"} the conversation`;
      case "THREAD_INBOX_CHANGE":
        return `${who} moved the conversation to ${this.#store.inboxName(to)}`;
      default:
        return `${who}: ${type}`;
    }
  }

  // way says by which way a message went that did not go by the conversation's own account.
  #way({ channelId, accountId, direction, recipients = [] }) {
    if (!accountId || accountId === this.#store.open?.accountId) return "";
    const to = direction === "OUTGOING" ? recipients[0]?.deliveryIdentifier?.value : "";
    const account = this.#store.info.accounts.find(({ id }) => id === accountId);
    const by = channelId === EMAIL ? "by e-mail" : `by ${account?.name ?? "another channel"}`;
    return to ? `${by} to ${to}` : by;
  }

  #moves() {
    const { id, inboxId } = this.#store.open;
    return this.#store.info.inboxes.filter((inbox) => inbox.id !== inboxId).map((inbox) => ({
      label: `Move to ${inbox.name}`, icon: "move", testid: `move-${inbox.type}`,
      run: () => this.#attempt(this.#context.api.put(`api/threads/${encodeURIComponent(id)}/inbox`, { inboxId: inbox.id })),
    }));
  }

  #toggleStatus() {
    const { id, status } = this.#store.open;
    const wanted = status === "CLOSED" ? "OPEN" : "CLOSED";
    return this.#attempt(this.#context.api.post(`api/threads/${encodeURIComponent(id)}/status`, { status: wanted }));
  }

  async #attempt(asked) {
    try {
      await asked;
    } catch (error) {
      this.#context.toast(error.message, { kind: "bad" });
    }
  }
}
