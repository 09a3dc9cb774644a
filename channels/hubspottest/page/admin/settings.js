// Settings → Inbox & Help Desk: the connected accounts of the two inboxes, and the steps that connect another.
// Addresses: #/settings/<inbox id>, #/settings/connect/<inbox id>.

import { el, icon } from "../dom.js";
import { AccountList } from "./accounts.js";
import { ConnectSteps } from "./connect.js";
import { button, notice, tabPanel, tabs } from "./controls.js";

export function mount(container, context) {
  const view = new Settings(container, context);
  return () => view.close();
}

class Settings {
  #container;
  #context;
  #page; // what is shown: the list or the steps, {node, heading, close}
  #off;

  constructor(container, context) {
    this.#container = container;
    this.#context = context;
    this.#show(context.route);
    this.#off = context.onRoute((route) => this.#show(route, true));
  }

  // #show gives the heading of another page the focus; who walks through the tabs keeps it.
  #show({ rest }, focus = false) {
    const { inboxes } = this.#context.state.info;
    const connecting = rest[0] === "connect";
    const inbox = inboxes.find(({ id }) => id === rest[connecting ? 1 : 0]) ?? inboxes[0];
    if (!connecting && this.#page instanceof InboxSettings) return this.#page.choose(inbox);
    this.#page?.close();
    this.#page = connecting ? new ConnectSteps(this.#context, inbox) : new InboxSettings(this.#context, inbox);
    this.#container.replaceChildren(this.#page.node);
    if (focus) this.#page.heading.focus();
  }

  close() {
    this.#page.close();
    this.#off();
  }
}

// InboxSettings lists the accounts by inbox.
class InboxSettings {
  #context;
  #inbox;
  #tabs;
  #panel;
  #list;
  #rights = notice();
  #connect;
  #off;
  heading = el("h1", { tabindex: "-1" }, "Inbox & Help Desk");
  node;

  constructor(context, inbox) {
    this.#context = context;
    this.#inbox = inbox;
    const { inboxes } = context.state.info;
    this.#tabs = tabs({
      name: "Inboxes", entries: inboxes.map(({ id, name }) => ({ id, label: name })),
      onchoose: (id) => context.navigate(`#/settings/${id}`),
    });
    this.#list = new AccountList(context, (id) => this.#startConnecting(id));
    this.#panel = tabPanel(inbox.id, this.#list.node);
    this.#connect = button("Connect a channel", {
      kind: "primary", testid: "connect-channel", onclick: () => this.#startConnecting(this.#inbox.id),
    });
    this.#connect.prepend(icon("plus"));
    this.node = el("div", { class: "admin" },
      el("header", { class: "page-head" }, el("div", {}, el("p", { class: "crumb" }, "Settings"), this.heading), this.#connect),
      this.#rights.node, this.#tabs.node, this.#panel);
    this.#off = context.state.on("state", () => this.#render());
    this.#render();
  }

  choose(inbox) {
    this.#inbox = inbox;
    this.#panel.id = `panel-${inbox.id}`;
    this.#panel.setAttribute("aria-labelledby", `tab-${inbox.id}`);
    this.#render();
  }

  #startConnecting(inboxId) {
    this.#context.navigate(`#/settings/connect/${inboxId}`);
  }

  #render() {
    const { inboxes, accounts, agent, can } = this.#context.state.info;
    for (const { id, name } of inboxes) {
      const count = accounts.filter(({ inboxId }) => inboxId === id).length;
      this.#tabs.label(id, count > 0 ? `${name} (${count})` : name);
    }
    this.#tabs.show(this.#inbox.id);
    this.#connect.hidden = !can.connect;
    this.#rights.show(can.connect ? "" : `You are ${agent.name}. Only a super-admin connects and changes channels.`);
    this.#list.show(this.#inbox);
  }

  close() { this.#off(); }
}
