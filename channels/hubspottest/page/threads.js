// The list of threads on the left, with its search box and channel filter.

import { byId, el, KeyedList, setAttribute, setText } from "./dom.js";
import { fullTime, initials, shortTime, tint } from "./format.js";

export class ThreadList {
  #store;
  #list = new KeyedList(byId("threads"), threadView);
  #search = byId("thread-search");
  #channel = byId("thread-channel");
  #none = byId("list-empty");

  constructor(store, onOpen) {
    this.#store = store;
    for (const type of ["threads", "state"]) store.addEventListener(type, () => this.#render());
    document.addEventListener("visibilitychange", () => this.#render());
    this.#search.addEventListener("input", () => this.#render());
    this.#channel.addEventListener("change", () => this.#render());
    byId("threads").addEventListener("click", ({ target }) => {
      const button = target.closest("[data-thread-id]");
      if (button) onOpen(button.dataset.threadId);
    });
    byId("threads").addEventListener("keydown", moveFocus);
  }

  #render() {
    const threads = this.#store.sortedThreads();
    this.#offerChannels(threads);
    const wanted = threads.filter((thread) => this.#matches(thread));
    this.#list.show(wanted.map((thread) => ({
      ...thread,
      unread: this.#store.unread(thread),
      open: thread.id === this.#store.openId,
    })));
    this.#none.hidden = wanted.length > 0 || !this.#store.info;
    setText(this.#none, threads.length > 0 ? "No conversation matches." : "No conversations yet.");
  }

  #matches(thread) {
    if (this.#channel.value && thread.channelName !== this.#channel.value) return false;
    const text = [thread.customer, thread.preview, thread.channelName, thread.accountName].join("\n");
    return fold(text).includes(fold(this.#search.value.trim()));
  }

  #offerChannels(threads) {
    const channels = (this.#store.info?.channels ?? []).map((channel) => channel.name);
    const names = [...new Set([...channels, ...threads.map((thread) => thread.channelName)])].filter(Boolean).sort();
    const offered = [...this.#channel.options].slice(1).map((option) => option.value);
    if (this.#channel.options.length > 0 && offered.join("\n") === names.join("\n")) return;
    const chosen = this.#channel.value;
    this.#channel.replaceChildren(new Option("All channels", ""), ...names.map((name) => new Option(name, name)));
    this.#channel.value = names.includes(chosen) ? chosen : "";
  }
}

// fold lets "emile" find "Émile".
function fold(text) {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLocaleLowerCase();
}

function threadView() {
  const avatar = el("span", { class: "avatar", "aria-hidden": "true" });
  const customer = el("span", { class: "thread-customer", dir: "auto" });
  const time = el("time", { class: "thread-time" });
  const preview = el("span", { class: "thread-preview", dir: "auto" });
  const channel = el("span", { class: "tag" });
  const closed = el("span", { class: "tag" }, "Closed");
  const unread = el("span", { class: "badge" });
  const button = el("button", { type: "button", class: "thread", "data-testid": "agent-thread" },
    avatar, customer, time, preview, unread, el("span", { class: "thread-tags" }, channel, closed));

  return {
    node: el("li", {}, button),
    update(thread) {
      button.dataset.threadId = thread.id;
      button.dataset.unread = thread.unread;
      setAttribute(button, "aria-current", thread.open && "true");
      avatar.dataset.tint = tint(thread.customer);
      setText(avatar, initials(thread.customer));
      setText(customer, thread.customer);
      setText(preview, thread.preview || "No text");
      setText(channel, thread.channelName);
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
