// The sidebar on the right: who the customer is and by which channel and account they write.

import { byId, el } from "./dom.js";
import { fullTime, initials, tint } from "./format.js";

export class Details {
  #store;
  #shown = "";

  constructor(store) {
    this.#store = store;
    for (const type of ["threads", "messages", "state"]) store.addEventListener(type, () => this.#render());
  }

  #render() {
    const node = byId("details");
    const thread = this.#store.open;
    node.hidden = !thread;
    if (!thread) return;
    const messages = this.#store.sortedMessages();
    const address = messages.find(({ direction }) => direction === "INCOMING")?.senders?.[0]?.deliveryIdentifier?.value;
    const facts = this.#facts(thread, messages);
    const key = JSON.stringify([thread.customer, address, facts]);
    if (key === this.#shown) return;
    this.#shown = key;
    node.replaceChildren(
      el("div", { class: "contact" },
        el("span", { class: "avatar large", "data-tint": tint(thread.customer), "aria-hidden": "true" }, initials(thread.customer)),
        el("h2", { dir: "auto" }, thread.customer), el("p", { dir: "auto" }, address ?? "Customer")),
      ...facts.map(([title, rows]) => section(title, rows)));
  }

  #facts(thread, messages) {
    const { channels = [], accounts = [], agent, portal } = this.#store.info ?? {};
    const channel = channels.find(({ id }) => id === thread.channelId);
    const account = accounts.find(({ id }) => id === thread.accountId);
    return [
      ["Conversation", [
        ["Status", thread.status === "CLOSED" ? "Closed" : "Open"],
        ["Owner", agent?.name],
        ["Started", fullTime(messages[0]?.createdAt)],
        ["Messages", this.#store.loaded ? String(messages.length) : ""],
        ["Thread id", thread.id],
      ]],
      ["Channel", [
        ["Name", channel?.name ?? thread.channelName],
        ["Account", thread.accountName],
        ["Address", account?.deliveryIdentifier?.value],
        ["State", account && accountState(account)],
        ["Channel id", thread.channelId],
        ["Account id", thread.accountId],
        ["Portal", portal && `${portal.name} (${portal.id})`],
      ]],
    ];
  }
}

function accountState({ active, authorized }) {
  if (!active) return "Switched off";
  return authorized ? "Connected" : "Not authorised";
}

function section(title, rows) {
  const known = rows.filter(([, value]) => value);
  return el("section", {}, el("h3", {}, title),
    el("dl", {}, ...known.flatMap(([name, value]) => [el("dt", {}, name), el("dd", { dir: "auto" }, String(value))])));
}
