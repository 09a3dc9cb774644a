// What stands in the middle when no conversation is open: what to do next.

import * as api from "./api.js";
import { byId, el, icon, setText } from "./dom.js";

// A ConnectPanel plays the admin: it installs the app and connects an account.
class ConnectPanel {
  #store;
  #title = el("h2");
  #button = el("button", { type: "button", class: "primary", "data-testid": "agent-connect", onclick: () => this.#connect() });
  #progress = el("p", { class: "connect-progress", role: "status" });
  #error = el("p", { class: "connect-error", role: "alert" });
  #busy = false;

  node = el("div", { class: "connect" },
    el("span", { class: "empty-mark" }, icon("plug")), this.#title,
    el("p", {}, "The simulator plays the HubSpot admin for you: it opens the app's install link, allows the access "
      + "it asks for, fills in the app's connect form, and so connects a channel account to this inbox."),
    this.#button, this.#progress, this.#error);

  constructor(store) {
    this.#store = store;
  }

  render() {
    setText(this.#title, `${this.#store.info.app?.name || "The app"} is not connected`);
    this.#button.disabled = this.#busy;
    setText(this.#button, this.#busy ? "Connecting…" : "Install and connect");
    const install = this.#store.info.app?.installUrl;
    setText(this.#progress, this.#busy && install ? `Asking ${install}` : "");
  }

  async #connect() {
    this.#busy = true;
    setText(this.#error, "");
    this.render();
    try {
      await api.connect();
      await this.#store.loadState();
    } catch (error) {
      setText(this.#error, error.message);
    } finally {
      this.#busy = false;
      this.render();
    }
  }
}

export class EmptyState {
  #store;
  #panel;

  constructor(store) {
    this.#store = store;
    this.#panel = new ConnectPanel(store);
    for (const type of ["state", "threads", "open"]) store.addEventListener(type, () => this.#render());
  }

  #render() {
    if (!this.#store.info) return;
    const { connected, threads } = this.#store;
    if (connected) this.#panel.node.remove();
    else this.#showPanel(threads.size > 0 ? byId("connect-in-list") : byId("empty"));
    if (connected || threads.size > 0) this.#showHint(threads.size > 0);
  }

  // With conversations from an earlier connection the panel moves beside them, into the list.
  #showPanel(place) {
    this.#panel.render();
    if (this.#panel.node.parentNode !== place) place.replaceChildren(this.#panel.node);
  }

  #showHint(haveThreads) {
    const kind = haveThreads ? "select" : "none";
    const place = byId("empty");
    if (place.firstElementChild?.dataset.hint === kind) return;
    place.replaceChildren(haveThreads ? selectHint() : noneHint(this.#store.info));
  }
}

function selectHint() {
  return el("div", { "data-hint": "select" },
    el("span", { class: "empty-mark" }, icon("chat")),
    el("h2", {}, "No conversation is open"),
    el("p", {}, "Choose one from the list to read it and to reply."));
}

function noneHint({ app, accounts }) {
  const account = accounts[0]?.name;
  return el("div", { "data-hint": "none" },
    el("span", { class: "empty-mark" }, icon("chat")),
    el("h2", {}, "No conversations yet"),
    el("p", {}, account ? `The account “${account}” is connected and waits for its first customer.` : "The app is connected."),
    el("p", {}, "Now be the customer: ", appLink(app), " and write something there. It appears here at once, and what you "
      + "reply here appears there."));
}

// The app's own front page is where its customers are, as far as can be told from here.
function appLink(app) {
  if (!/^https?:/i.test(app?.installUrl ?? "")) return "open the messaging service";
  const { origin } = new URL(app.installUrl);
  return el("a", { href: `${origin}/`, target: "_blank", rel: "noopener noreferrer" }, `open ${origin}`);
}
