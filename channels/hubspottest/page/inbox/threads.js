// The list of threads on the left, with its search and filters.

import { byId, el, KeyedList, later, setAttribute, setText } from "../dom.js";
import { fullTime, initials, shortTime, tint } from "../format.js";
import { offer } from "../ui.js";

const PAGE = 50; // threads shown at first, and added at a time
const SEARCH_MS = 200;

export class ThreadList {
  #context;
  #store;
  #onOpen;
  #list = new KeyedList(byId("threads"), threadView);
  #search = byId("search");
  #channel = byId("filter-channel");
  #status = byId("filter-status");
  #owner = byId("filter-owner");
  #none = byId("list-empty");
  #shown = PAGE;
  #found; // ids that the simulator found for #asked; undefined while nothing is searched for
  #asked = "";
  #timer;

  constructor(context, onOpen) {
    this.#context = context;
    this.#store = context.state;
    this.#onOpen = onOpen;
    offer(this.#status, [["", "Any status"], ["OPEN", "Open"], ["CLOSED", "Closed"]]);
    const render = later(() => this.#render());
    for (const type of ["threads", "state"]) this.#store.on(type, render);
    this.#store.on("incoming", () => this.#searchSoon());
    document.addEventListener("visibilitychange", render);
    for (const select of [this.#channel, this.#status, this.#owner]) select.addEventListener("change", () => this.#fromTop());
    this.#search.addEventListener("input", () => {
      this.#fromTop();
      this.#searchSoon();
    });
    this.#search.addEventListener("keydown", ({ key }) => { if (key === "Escape") this.showSearch(false); });
    byId("search-toggle").addEventListener("click", () => this.showSearch(byId("search-row").hidden));
    byId("threads").addEventListener("click", ({ target }) => {
      const button = target.closest("[data-thread-id]");
      if (button) onOpen(button.dataset.threadId);
    });
    byId("threads").addEventListener("keydown", moveFocus);
    this.#followEnd();
  }

  showSearch(open) {
    byId("search-row").hidden = !open;
    byId("search-toggle").setAttribute("aria-expanded", String(open));
    if (open) {
      this.#search.focus();
      return;
    }
    this.#search.value = "";
    this.#fromTop();
    this.#searchSoon();
    byId("search-toggle").focus();
  }

  // step opens the thread after or before the open one, and puts the focus on it.
  step(by) {
    const threads = this.#wanted();
    const at = threads.findIndex(({ id }) => id === this.#store.openId);
    const next = threads[at < 0 ? 0 : at + by];
    if (!next) return;
    this.#onOpen(next.id, { keepFocus: true });
    this.#focus(next.id);
  }

  focusOpen() {
    this.#focus(this.#store.openId);
  }

  #focus(id) {
    const at = this.#wanted().findIndex((thread) => thread.id === id);
    if (at >= this.#shown) {
      this.#shown = at + PAGE;
      this.#render();
    }
    byId("threads").querySelector(`[data-thread-id="${CSS.escape(id)}"]`)?.focus();
  }

  #fromTop() {
    this.#shown = PAGE;
    byId("threads-scroll").scrollTop = 0;
    this.#render();
  }

  #followEnd() {
    const observer = new IntersectionObserver(([{ isIntersecting }]) => {
      if (!isIntersecting || this.#shown >= this.#wanted().length) return;
      this.#shown += PAGE;
      this.#render();
      observer.unobserve(byId("threads-more")); // it may still be in view: observing anew tells
      observer.observe(byId("threads-more"));
    }, { root: byId("threads-scroll"), rootMargin: "400px 0px" });
    observer.observe(byId("threads-more"));
  }

  #render() {
    if (!this.#store.info) return;
    this.#offer();
    const wanted = this.#wanted();
    this.#list.show(wanted.slice(0, this.#shown).map((thread) => ({
      ...thread,
      unread: this.#store.unread(thread),
      open: thread.id === this.#store.openId,
    })));
    this.#none.hidden = wanted.length > 0;
    setText(this.#none, this.#store.threads.size > 0 ? "No conversation matches." : "No conversations yet.");
  }

  #wanted() {
    const text = fold(this.#search.value.trim());
    return this.#store.sortedThreads().filter((thread) =>
      (!this.#channel.value || thread.channelId === this.#channel.value)
      && (!this.#status.value || thread.status === this.#status.value)
      && (!this.#owner.value || (thread.ownerId || "none") === this.#owner.value)
      && (!text || this.#found?.has(thread.id) || matches(thread, text)));
  }

  // searchSoon asks the simulator, which knows every word of every message.
  #searchSoon() {
    clearTimeout(this.#timer);
    const text = this.#search.value.trim();
    this.#asked = text;
    if (!text) this.#found = undefined;
    else this.#timer = setTimeout(() => this.#ask(text), SEARCH_MS);
  }

  async #ask(text) {
    try {
      const threads = await this.#context.api.get("api/threads", { text });
      if (text !== this.#asked) return;
      this.#found = new Set(threads.map(({ id }) => id));
      this.#render();
    } catch (error) {
      this.#context.toast(error.message, { kind: "bad" });
    }
  }

  #offer() {
    const { channels, users } = this.#store.info;
    const names = new Map(channels.map(({ id, name }) => [id, name]));
    for (const { channelId, channelName } of this.#store.threads.values()) {
      if (!names.has(channelId)) names.set(channelId, channelName);
    }
    offer(this.#channel, [["", "All channels"], ...[...names].sort(([, a], [, b]) => a.localeCompare(b))]);
    offer(this.#owner, [["", "All owners"], ["none", "No owner"], ...users.map(({ actorId, name }) => [actorId, name])]);
  }
}

const matches = ({ customer, preview, address, accountName }, text) =>
  fold([customer, preview, address?.value, accountName].join("\n")).includes(text);

// fold lets "emile" find "Émile".
function fold(text) {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLocaleLowerCase();
}

function threadView() {
  const face = el("span", { class: "avatar", "aria-hidden": "true" });
  const customer = el("span", { class: "thread-customer", dir: "auto" });
  const time = el("time", { class: "thread-time" });
  const preview = el("span", { class: "thread-preview", dir: "auto" });
  const channel = el("span", { class: "tag", dir: "auto" });
  const owner = el("span", { class: "tag owner", dir: "auto" });
  const closed = el("span", { class: "tag" }, "Closed");
  const unread = el("span", { class: "count" });
  const button = el("button", { type: "button", class: "thread", "data-testid": "agent-thread" },
    face, customer, time, preview, unread, el("span", { class: "thread-tags" }, channel, owner, closed));

  return {
    node: el("li", {}, button),
    update(thread) {
      button.dataset.threadId = thread.id;
      button.dataset.unread = thread.unread;
      setAttribute(button, "aria-current", thread.open && "true");
      face.dataset.tint = tint(thread.customer);
      setText(face, initials(thread.customer));
      setText(customer, thread.customer);
      setText(preview, thread.preview?.trim() || "No text");
      setText(channel, thread.channelName);
      setText(owner, thread.ownerName ?? "");
      setText(time, shortTime(thread.latestAt));
      setAttribute(time, "datetime", thread.latestAt);
      time.title = fullTime(thread.latestAt);
      closed.hidden = thread.status !== "CLOSED";
      unread.hidden = thread.unread === 0;
      setText(unread, String(thread.unread));
      unread.setAttribute("aria-label", `${thread.unread} unread`);
    },
  };
}

// moveFocus lets the arrow keys walk through the list.
function moveFocus(event) {
  const step = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" }[event.key];
  const next = step && event.target.closest("li")?.[step]?.querySelector("button");
  if (!next) return;
  event.preventDefault();
  next.focus();
}
