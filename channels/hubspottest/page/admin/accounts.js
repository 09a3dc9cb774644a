// The accounts of an inbox: each with its switch, its address, who receives its conversations, and what can be done.

import { el, KeyedList, setAttribute, setText } from "../dom.js";
import { badge, emptyHint, menu } from "../ui.js";
import { button, logo } from "./controls.js";
import { editAccount } from "./edit.js";
import { describeRouting } from "./routing.js";

export class AccountList {
  #context;
  #list = el("ul", { class: "channel-accounts", "data-testid": "accounts" });
  #empty = el("div");
  #rows;
  #onconnect;
  node;

  constructor(context, onconnect) {
    this.#context = context;
    this.#onconnect = onconnect;
    this.#rows = new KeyedList(this.#list, (account) => new AccountRow(context, account));
    this.node = el("div", {},
      el("div", { class: "channel-account channel-account-head", "aria-hidden": "true" },
        ...["Status", "Channel", "Address", "New conversations go to", ""].map((title) => el("span", {}, title))),
      this.#list, this.#empty);
  }

  show(inbox) {
    const { accounts, can } = this.#context.state.info;
    const here = accounts.filter(({ inboxId }) => inboxId === inbox.id);
    this.#rows.show(here);
    this.node.firstElementChild.hidden = here.length === 0;
    this.#list.hidden = here.length === 0;
    this.#empty.replaceChildren(...(here.length > 0 ? [] : [emptyHint({
      icon: "plug",
      title: `No channel is connected to the ${inbox.name.toLowerCase()}`,
      text: "Customers’ messages arrive here once an account of a channel is connected.",
      action: can.connect && button("Connect a channel", { onclick: () => this.#onconnect(inbox.id) }),
    })]));
  }
}

class AccountRow {
  #context;
  #account;
  #status = button("", { kind: "switch", role: "switch", testid: "account-status", onclick: () => this.#switch() });
  #name = el("strong", { dir: "auto", "data-testid": "account-name" });
  #channel = el("small", { dir: "auto" });
  #trouble = badge("Not authorized", "bad");
  #address = el("span", { dir: "auto", "data-testid": "account-address" });
  #routing = el("span", { dir: "auto", "data-testid": "account-routing" });
  #edit = button("Edit", {
    kind: "outline small", testid: "account-edit", onclick: () => editAccount(this.#context, this.#account),
  });
  #options;
  node;

  constructor(context, account) {
    this.#context = context;
    const channel = context.state.info.channels.find(({ id }) => id === account.channelId);
    this.#options = menu({
      label: "Options", text: "Options", className: "outline small", testid: "account-options", items: () => this.#items(),
    });
    const picture = logo(channel ?? { name: account.name });
    this.#trouble.title = "The app has said that the account’s credentials do not work any more.";
    this.node = el("li", { class: "channel-account", "data-account-id": account.id },
      this.#status,
      el("div", { class: "channel-account-names" }, picture, el("div", {}, this.#name, this.#channel, this.#trouble)),
      fact("Address", this.#address), fact("New conversations go to", this.#routing),
      el("div", { class: "channel-account-actions" }, this.#edit, this.#options));
  }

  update(account) {
    this.#account = account;
    const { channels, users, can } = this.#context.state.info;
    setText(this.#name, account.name);
    setText(this.#channel, channels.find(({ id }) => id === account.channelId)?.name ?? `Channel ${account.channelId}`);
    setText(this.#address, account.deliveryIdentifier?.value ?? "—");
    setText(this.#routing, can.route ? describeRouting(account.routing, users) : "—");
    this.#trouble.hidden = account.authorized;
    setAttribute(this.node, "data-active", String(account.active));
    setAttribute(this.#status, "aria-checked", String(account.active));
    setAttribute(this.#status, "aria-label", `${account.name}: status`);
    setAttribute(this.#status, "title", account.active ? "On" : "Off");
    this.#status.disabled = !can.connect;
    this.#edit.hidden = !can.connect && !can.route;
    this.#options.hidden = !can.connect;
  }

  #items() {
    const others = this.#context.state.info.inboxes.filter(({ id }) => id !== this.#account.inboxId);
    return [
      ...others.map((inbox) => ({ label: moveLabel(inbox), icon: "inbox", testid: "account-move", run: () => this.#move(inbox) })),
      { label: "Delete", icon: "trash", danger: true, testid: "account-delete", run: () => this.#delete() },
    ];
  }

  // Switching off is asked about, because customers notice it.
  async #switch() {
    const { id, name, active } = this.#account;
    const agreed = !active || await this.#context.confirm({
      title: `Turn off ${name}?`,
      text: "Customers’ messages do not reach the inbox and nobody can reply through this account until it is turned on again. "
        + "Conversations stay.",
      action: "Turn off", danger: true,
    });
    if (agreed) this.#change({ active: !active }, `${name} is ${active ? "off" : "on"}`);
  }

  #move(inbox) {
    this.#change({ inboxId: inbox.id }, `${this.#account.name} moved to the ${inbox.name.toLowerCase()}`);
  }

  async #delete() {
    const { id, name } = this.#account;
    const agreed = await this.#context.confirm({
      title: `Delete ${name}?`,
      text: "The account is disconnected from this inbox for good. Its conversations stay, but nobody can reply through it.",
      action: "Delete account", danger: true,
    });
    if (agreed) await this.#tell(() => this.#context.api.del(`api/accounts/${id}`), `${name} is deleted`);
  }

  #change(fields, done) {
    return this.#tell(() => this.#context.api.patch(`api/accounts/${this.#account.id}`, fields), done);
  }

  async #tell(run, done) {
    try {
      await run();
      await this.#context.state.reload();
      this.#context.toast(done, { kind: "good" });
    } catch (error) {
      this.#context.toast(error.message, { kind: "bad" });
    }
  }
}

// fact has its own title where there is no room for a head of columns.
const fact = (title, value) => el("div", { class: "channel-account-fact" }, el("small", { class: "only-narrow" }, title), value);

const moveLabel = ({ type, name }) => `Move to ${type === "HELP_DESK" ? "Help Desk" : name}`;
