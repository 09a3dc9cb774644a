// What stands in the middle when no conversation is open: what to do next.

import { byId, el, icon, later, setText } from "../dom.js";
import { emptyHint } from "../ui.js";

// A ConnectPanel plays the admin: it installs the app and connects an account.
class ConnectPanel {
  #context;
  #title = el("h2");
  #button = el("button", { type: "button", class: "primary", "data-testid": "agent-connect", onclick: () => this.#connect() });
  #byHand = el("p", {}, "Or do each step yourself: ",
    el("a", { href: "#/marketplace" }, "install the app"), " in the marketplace, then ",
    el("a", { href: "#/settings" }, "connect a channel"), " in the settings.");
  #progress = el("p", { class: "connect-progress", role: "status" });
  #error = el("p", { class: "error-note", role: "alert" });
  #busy = false;

  node = el("div", { class: "empty-hint connect" },
    el("span", { class: "empty-mark" }, icon("plug")), this.#title,
    el("p", {}, "The simulator can play the HubSpot admin for you: it opens the app's install link, allows the access "
      + "it asks for, fills in the app's connect form, and so connects a channel account to this inbox."),
    this.#button, this.#progress, this.#error, this.#byHand);

  constructor(context) {
    this.#context = context;
  }

  render() {
    const { app, can, agent } = this.#context.state.info;
    setText(this.#title, `${app.name || "The app"} is not connected`);
    this.#button.disabled = this.#busy || !can.connect;
    setText(this.#button, this.#busy ? "Connecting…" : "Install and connect");
    const asking = this.#busy && app.installUrl ? `Asking ${app.installUrl}` : "";
    const refused = `Only a super-admin can do this, and ${agent.name} is none. Choose another user at the top right.`;
    setText(this.#progress, can.connect ? asking : refused);
  }

  async #connect() {
    this.#busy = true;
    setText(this.#error, "");
    this.render();
    try {
      await this.#context.api.post("api/connect");
      await this.#context.state.reload();
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

  constructor(context) {
    this.#store = context.state;
    this.#panel = new ConnectPanel(context);
    const render = later(() => this.#render());
    for (const type of ["state", "threads", "open"]) this.#store.on(type, render);
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
    const hint = haveThreads ? selectHint() : noneHint(this.#store.info);
    hint.dataset.hint = kind;
    place.replaceChildren(hint);
  }
}

const selectHint = () => emptyHint({
  icon: "chat", title: "No conversation is open", text: "Choose one from the list to read it and to reply.",
});

function noneHint({ app, accounts }) {
  const account = accounts[0]?.name;
  return emptyHint({
    icon: "chat", title: "No conversations yet",
    text: account ? `The account “${account}” is connected and waits for its first customer.` : "The app is connected.",
    action: el("p", {}, "Now be the customer: ", appLink(app), " and write something there. It appears here at once, "
      + "and what you reply here appears there."),
  });
}

// The app's own front page is where its customers are, as far as can be told from here.
function appLink(app) {
  if (!/^https?:/i.test(app?.installUrl ?? "")) return "open the messaging service";
  const { origin } = new URL(app.installUrl);
  return el("a", { href: `${origin}/`, target: "_blank", rel: "noopener noreferrer" }, `open ${origin}`);
}
