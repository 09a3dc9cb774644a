// The marketplace: what the app brings and may do, and how it is installed and removed.

import { el, icon } from "../dom.js";
import { fullTime, initials } from "../format.js";
import { badge } from "../ui.js";
import { button, checkable, logo, notice } from "./controls.js";
import { closed, openPopup } from "./popup.js";
import { describeScope } from "./scopes.js";

const FLOWS = [
  ["CONSENT", "Directly", "HubSpot asks for consent itself and calls the app’s redirect URL without a state."],
  ["SIGN_IN", "With sign-in at the app", "The app’s redirect URL is called twice: step=authorize, and step=finalize after consent."],
  ["LINK", "At the app’s own install link", "The app sends the browser to the consent page, with a state of its own."],
];

export function mount(container, context) {
  const view = new Marketplace(container, context);
  return () => view.close();
}

class Marketplace {
  #context;
  #developer; // the app as its developer knows it, undefined until loaded
  #body = el("div", { class: "listing" });
  #problem = notice();
  #flow = "CONSENT";
  #starting = false;
  #control = new AbortController();
  #off;

  constructor(container, context) {
    this.#context = context;
    const { name } = context.state.info.app;
    container.replaceChildren(el("div", { class: "admin" },
      el("header", { class: "page-head" }, el("div", { class: "app" },
        el("span", { class: "logo large", "aria-hidden": "true" }, initials(name)),
        el("div", {}, el("p", { class: "crumb" }, "Marketplace"), el("h1", { tabindex: "-1", dir: "auto" }, name)))),
      this.#problem.node, this.#body));
    this.#off = context.state.on("state", () => this.#load());
    this.#load();
  }

  async #load() {
    try {
      this.#developer = await this.#context.api.get("api/developer");
      this.#render();
    } catch (error) {
      this.#problem.show(error.message, "bad");
    }
  }

  #render() {
    const held = document.activeElement?.dataset.testid; // a refresh must not take the focus away
    this.#body.replaceChildren(this.#about(), this.#action());
    if (held) this.#body.querySelector(`[data-testid="${CSS.escape(held)}"]`)?.focus();
  }

  #about() {
    const { channels } = this.#developer;
    const scopes = this.#install?.scopes ?? this.#developer.scopes;
    const brings = (channel) => el("li", {},
      logo({ ...channel, logoUrl: channel.channelLogoUrl }),
      el("div", {},
        el("strong", { dir: "auto" }, channel.name), el("p", { dir: "auto" }, channel.channelDescription ?? "No description")));
    return el("div", { class: "stack" },
      el("section", { class: "card" }, el("h2", {}, "What it brings"),
        channels.length === 0 && el("p", { class: "note" }, "The app has not registered a channel yet. Apps do so when they start."),
        el("ul", { class: "brings" }, channels.map(brings))),
      el("section", { class: "card" }, el("h2", {}, "What it may do"),
        scopes.length === 0 && el("p", { class: "note" }, "Not known yet: the app says so when it is installed for the first time."),
        el("ul", { class: "scopes", "data-testid": "scopes" }, ...scopes.map((scope) => el("li", {},
          icon("check"), el("div", {}, el("span", {}, describeScope(scope)), el("code", {}, scope)))))));
  }

  get #install() {
    return this.#developer.installs.find(({ portalId }) => portalId === this.#context.state.info.portal.id);
  }

  #action() {
    const { portal, agent, users, can } = this.#context.state.info;
    const installed = this.#install;
    const admins = users.filter(({ superAdmin }) => superAdmin).map(({ name }) => name).join(" or ");
    return el("section", { class: "card install", "aria-labelledby": "install-title" },
      el("div", { class: "row spread" },
        el("h2", { id: "install-title", dir: "auto" }, portal.name), installed ? badge("Installed", "good") : badge("Not installed")),
      installed && el("p", { class: "note" }, `Since ${fullTime(installed.installedAt)}`),
      can.connect
        ? this.#buttons(installed)
        : notice(`You are ${agent.name}. Only a super-admin installs and removes apps: ask ${admins}.`, "warn").node);
  }

  #buttons(installed) {
    const link = this.#developer.installUrl;
    const flows = FLOWS.map(([value, title, hint]) => checkable({
      type: "radio", name: "flow", value, checked: value === this.#flow, "data-testid": `flow-${value}`,
      disabled: value === "LINK" && !link, onchange: () => { this.#flow = value; },
    }, title, value === "LINK" && !link ? "The app’s install link is not known: set it in the developer panel." : hint).node);
    const install = button(installed ? "Re-authorise" : "Install", {
      kind: installed ? "outline" : "primary", testid: "install", disabled: this.#starting, onclick: () => this.#start(),
    });
    return el("div", { class: "install-how" },
      el("fieldset", { class: "checkables" }, el("legend", {}, "How the install goes"), ...flows),
      el("div", { class: "step-buttons" }, install,
        installed && button("Uninstall", { kind: "outline danger-text", testid: "uninstall", onclick: () => this.#uninstall() })));
  }

  // #start runs within a click. Whether it worked is told by the install's time, since an app may be installed again.
  async #start() {
    const { app } = this.#context.state.info;
    const { signal } = this.#control;
    const before = this.#install?.installedAt;
    let popup;
    this.#starting = true;
    this.#problem.show("");
    try {
      this.#render();
      popup = openPopup();
      const { url } = await this.#context.api.post("api/install", { flow: this.#flow });
      popup.location.replace(url);
      this.#problem.show("Go on in the window that has opened. If it stays empty or shows an error of the browser, "
        + `${app.name} does not answer.`);
      await this.#untilInstalled(popup, before, signal);
      if (signal.aborted) return;
      await this.#load();
      if (this.#install?.installedAt === before) throw new Error(`The window was closed before ${app.name} was installed.`);
      this.#problem.show(`${app.name} is installed. Now connect one of its channels in the settings.`, "good");
    } catch (error) {
      popup?.close();
      if (!signal.aborted) this.#problem.show(error.message, "bad");
    } finally {
      this.#starting = false;
      if (!signal.aborted) this.#render();
    }
  }

  // The app's own install link ends on a page of the app, in a window that stays.
  #untilInstalled(popup, before, signal) {
    return new Promise((resolve) => {
      const off = this.#context.state.on("state", async () => {
        await this.#load();
        if (this.#install && this.#install.installedAt !== before) end();
      });
      const end = () => {
        off();
        resolve();
      };
      closed(popup, signal).then(end);
    });
  }

  async #uninstall() {
    const { app, portal } = this.#context.state.info;
    const agreed = await this.#context.confirm({
      title: `Uninstall ${app.name}?`,
      text: `Its channels stop working in ${portal.name}: no messages come in or go out. HubSpot does not tell the app.`,
      action: "Uninstall", danger: true,
    });
    if (!agreed) return;
    try {
      await this.#context.api.del("api/install");
      await this.#context.state.reload();
      this.#problem.show(`${app.name} is removed from ${portal.name}.`);
    } catch (error) {
      this.#problem.show(error.message, "bad");
    }
  }

  close() {
    this.#control.abort();
    this.#off();
  }
}
