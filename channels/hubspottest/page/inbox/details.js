// The sidebar on the right: who the customer is, whose conversation this is, what is known about it, and the
// customer's earlier conversations.

import { byId, el, icon, later } from "../dom.js";
import { fullTime, shortTime } from "../format.js";
import { avatar, badge, choice } from "../ui.js";
import { editContact } from "./contact.js";

export class Details {
  #context;
  #store;
  #shown = "";

  constructor(context) {
    this.#context = context;
    this.#store = context.state;
    const render = later(() => this.#render());
    for (const type of ["threads", "about", "state"]) this.#store.on(type, render);
  }

  #render() {
    const node = byId("details");
    const { open: thread, about, info } = this.#store;
    node.hidden = !thread || !about;
    if (node.hidden) {
      this.#shown = "";
      return;
    }
    const facts = this.#facts(thread);
    const earlier = about.earlier.map(({ id }) => this.#store.threads.get(id)).filter(Boolean);
    const { id, ownerId, customer } = thread;
    const key = JSON.stringify([id, ownerId, customer, about.contact, facts, earlier, info.users, info.agent.actorId]);
    if (key === this.#shown) return;
    this.#shown = key;
    const focused = document.activeElement?.id; // a redraw must not lose the reader's place
    node.replaceChildren(
      this.#contact(thread, about.contact),
      this.#owner(thread),
      ...facts.map(([title, rows]) => section(title, rows)),
      this.#earlier(earlier));
    if (focused && node.querySelector(`#${CSS.escape(focused)}`)) byId(focused).focus();
  }

  #contact(thread, contact) {
    const edit = () => editContact(this.#context, contact);
    const rows = [
      ["E-mail", contact.email && el("a", { href: `mailto:${contact.email}` }, contact.email)],
      ["Phone", contact.phone && el("a", { href: `tel:${contact.phone}` }, contact.phone)],
      ["Address", thread.address?.value],
      ["Owner of the contact", contact.ownerId && this.#store.actorName(contact.ownerId)],
    ];
    return el("section", { class: "contact", "data-testid": "contact" },
      avatar(thread.customer, { large: true }),
      el("h2", { dir: "auto", tabindex: "-1" }, contact.name || thread.customer),
      el("p", { class: "row" },
        contact.known ? badge("Contact", "accent") : badge("Visitor, not a contact yet"),
        contact.tracked && badge("Tracked", "good")),
      table(rows),
      el("button", { type: "button", class: "outline small", id: "contact-edit", "data-testid": "contact-edit", onclick: edit },
        icon(contact.known ? "edit" : "plus"), el("span", {}, contact.known ? "Edit contact" : "Create contact")));
  }

  #owner(thread) {
    const { users, agent } = this.#store.info;
    const names = users.map(({ actorId, name, away }) => [actorId, away ? `${name} (away)` : name]);
    const select = choice([["", "No owner"], ...names], thread.ownerId, { id: "owner", "data-testid": "owner" });
    const assign = (actorId) => this.#assign(thread, actorId);
    select.addEventListener("change", () => assign(select.value));
    const mine = thread.ownerId === agent.actorId;
    const take = { type: "button", class: "link", id: "owner-me", onclick: () => assign(agent.actorId) };
    return el("section", {}, el("h3", {}, el("label", { for: "owner" }, "Owner")), select,
      !mine && el("button", take, "Assign to me"));
  }

  async #assign(thread, actorId) {
    try {
      await this.#context.api.put(`api/threads/${encodeURIComponent(thread.id)}/owner`, { actorId });
    } catch (error) {
      this.#context.toast(error.message, { kind: "bad" });
      this.#shown = "";
      this.#render();
    }
  }

  #facts(thread) {
    const { channels, accounts, portal } = this.#store.info;
    const account = accounts.find(({ id }) => id === thread.accountId);
    const [first] = this.#store.timeline();
    const messages = [...this.#store.messages.values()].filter(({ type }) => type !== "COMMENT");
    return [
      ["Conversation", [
        ["Status", thread.status === "CLOSED" ? "Closed" : "Open"],
        ["Inbox", this.#store.inboxName(thread.inboxId)],
        ...Object.entries(thread.properties ?? {}),
        ["Started", fullTime(first?.createdAt)],
        ["Messages", String(messages.length)],
        ["Thread id", thread.id],
        ["Id in the service", thread.integrationThreadIds?.join(", ")],
      ]],
      ["Channel", [
        ["Name", channels.find(({ id }) => id === thread.channelId)?.name ?? thread.channelName],
        ["Account", thread.accountName],
        ["Address", account?.deliveryIdentifier?.value],
        ["State", account ? accountState(account) : "Deleted"],
        ["Channel id", thread.channelId],
        ["Account id", thread.accountId],
        ["Portal", `${portal.name} (${portal.id})`],
      ]],
    ];
  }

  #earlier(threads) {
    const list = threads.length > 0
      ? el("ul", { class: "earlier-threads" }, threads.map(earlierThread))
      : el("p", { class: "note" }, "None.");
    return el("section", { "data-testid": "earlier" }, el("h3", {}, "Earlier conversations"), list);
  }
}

function earlierThread({ id, preview, channelName, latestAt, status }) {
  const facts = [channelName, shortTime(latestAt), status === "CLOSED" && "closed"].filter(Boolean).join(" · ");
  return el("li", {}, el("a", { href: `#/inbox/${encodeURIComponent(id)}` },
    el("span", { class: "earlier-preview", dir: "auto" }, preview?.trim() || "No text"),
    el("span", { class: "note" }, facts)));
}

function accountState({ active, authorized }) {
  if (!active) return "Switched off";
  return authorized ? "Connected" : "Not authorised";
}

function section(title, rows) {
  return el("section", {}, el("h3", {}, title), table(rows));
}

function table(rows) {
  const known = rows.filter(([, value]) => value);
  return el("dl", {}, known.map(([name, value]) => [el("dt", { dir: "auto" }, name), el("dd", { dir: "auto" }, value)]));
}
