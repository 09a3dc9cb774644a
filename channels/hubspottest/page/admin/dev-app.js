// The app: its credentials, where it is, its scopes, its channels and installs.

import { el } from "../dom.js";
import { fullTime } from "../format.js";
import { badge, field } from "../ui.js";
import { button, busy, notice } from "./controls.js";
import { describeScope } from "./scopes.js";

// What an app has to know: how it is called here, and in the environment of the examples.
const CREDENTIALS = [
  { key: "baseUrl", name: "Base URL", variable: "HUBSPOT_BASE_URL" },
  { key: "appId", name: "App id", variable: "HUBSPOT_APP_ID" },
  { key: "clientId", name: "Client id", variable: "HUBSPOT_CLIENT_ID" },
  { key: "clientSecret", name: "Client secret", variable: "HUBSPOT_CLIENT_SECRET", secret: true },
  { key: "developerKey", name: "Developer key", variable: "HUBSPOT_DEVELOPER_KEY", secret: true },
];

export class AppPanel {
  #context;
  #credentials = new Credentials();
  #addresses;
  #shown;
  #facts = el("div", { class: "stack" });
  node;

  constructor(context) {
    this.#context = context;
    this.#credentials.context = context;
    this.#addresses = new Addresses(context, () => this.load());
    this.node = el("div", { class: "columns" }, el("div", { class: "stack" }, this.#credentials.node, this.#addresses.node), this.#facts);
  }

  async load() {
    const app = await this.#context.api.get("api/developer");
    this.#credentials.show(app);
    this.#addresses.show(app);
    const facts = JSON.stringify([app.channels, app.installs, app.scopes]);
    if (facts === this.#shown) return; // what somebody has unfolded stays so
    this.#shown = facts;
    this.#facts.replaceChildren(this.#channels(app.channels), this.#installs(app.installs), this.#scopes(app.scopes));
  }

  #channels(channels) {
    return el("section", { class: "card" }, el("h2", {}, "Registered channels"),
      channels.length === 0 && el("p", { class: "note" }, "None yet. An app registers its channel with the developer key."),
      channels.map((channel) => el("details", { class: "fold", "data-testid": "registered-channel" },
        el("summary", {}, el("strong", { dir: "auto" }, channel.name), el("code", {}, channel.id)),
        facts({
          "Description": channel.channelDescription, "Webhooks go to": channel.webhookUrl,
          "Connect page": channel.channelAccountConnectionRedirectUrl, "Logo": channel.channelLogoUrl,
          "Registered": fullTime(channel.createdAt),
        }),
        el("h3", {}, "Capabilities"), facts(channel.capabilities))));
  }

  #installs(installs) {
    const { portals } = this.#context.state.info;
    return el("section", { class: "card" }, el("h2", {}, "Installs"),
      installs.length === 0 && el("p", { class: "note" }, "The app is not installed anywhere."),
      el("ul", { class: "lines" }, installs.map(({ portalId, installedAt }) => el("li", {},
        el("strong", { dir: "auto" }, portals.find(({ id }) => id === portalId)?.name ?? "?"), el("code", {}, String(portalId)),
        el("span", { class: "note" }, fullTime(installedAt))))));
  }

  #scopes(scopes) {
    return el("section", { class: "card" }, el("h2", {}, "Scopes"),
      scopes.length === 0 && el("p", { class: "note" }, "Not known until the app has asked for them."),
      el("ul", { class: "lines" }, scopes.map((scope) => el("li", { title: describeScope(scope) }, el("code", {}, scope)))));
  }
}

// Credentials are what the app needs to know. The secret ones are fetched when somebody asks for them.
class Credentials {
  context;
  #app;
  #secret; // undefined while hidden
  #list = el("dl", { class: "facts" });
  #turn = button("", { testid: "show-credentials", onclick: () => busy(this.#turn, () => this.#showOrHide()) });
  #copy = button("Copy as environment", { testid: "copy-credentials", onclick: () => this.#copyAll() });
  #problem = notice();
  node = el("section", { class: "card" }, el("h2", {}, "Credentials"),
    this.#list, this.#problem.node, el("div", { class: "row" }, this.#turn, this.#copy));

  show(app) {
    this.#app = { baseUrl: app.baseUrl, appId: app.id, clientId: app.clientId };
    this.#render();
  }

  #render() {
    const all = { ...this.#app, ...this.#secret };
    this.#list.replaceChildren(...CREDENTIALS.flatMap(({ key, name, secret }) => [
      el("dt", {}, name), el("dd", {}, el("code", { "data-testid": key }, secret && !this.#secret ? "••••••••••••" : String(all[key]))),
    ]));
    this.#turn.textContent = this.#secret ? "Hide secrets" : "Show secrets";
    this.#copy.hidden = !this.#secret;
  }

  async #showOrHide() {
    this.#problem.show("");
    try {
      this.#secret = this.#secret ? undefined : await this.context.api.post("api/developer/credentials");
      this.#render();
    } catch (error) {
      this.#problem.show(error.message, "bad");
    }
  }

  async #copyAll() {
    const text = CREDENTIALS.map(({ key, variable }) => `export ${variable}=${this.#secret[key]}\n`).join("");
    try {
      await navigator.clipboard.writeText(text);
      this.context.toast("Copied", { kind: "good" });
    } catch {
      this.context.toast("The browser does not let this page copy. Select the values instead.", { kind: "bad" });
    }
  }
}

// Addresses are where the simulator finds the app.
class Addresses {
  #context;
  #onsaved;
  #install = el("input", { type: "url", placeholder: "http://127.0.0.1:8080/hubspot/install", "data-testid": "install-url" });
  #webhook = el("input", { type: "url", placeholder: "none", "data-testid": "app-webhook-url" });
  #redirect = el("dd");
  #problem = notice();
  #button = button("Save", { type: "submit", kind: "primary", testid: "save-addresses" });
  #shown = {};
  node;

  constructor(context, onsaved) {
    this.#context = context;
    this.#onsaved = onsaved;
    this.node = el("form", { class: "card", novalidate: true, onsubmit: (event) => this.#save(event) }, el("h2", {}, "Addresses"),
      field("Install link", this.#install, { help: "Where an admin begins to install the app." }),
      field("App webhooks", this.#webhook, { help: "Takes conversation.creation and other events, beside the channels’ own webhooks." }),
      el("dl", { class: "facts" }, el("dt", {}, "Redirect URL"), this.#redirect),
      this.#problem.node, el("div", { class: "row" }, this.#button));
  }

  // show leaves alone what somebody is editing.
  show({ installUrl, appWebhookUrl, redirectUrl }) {
    for (const [input, name, value] of [[this.#install, "install", installUrl], [this.#webhook, "webhook", appWebhookUrl]]) {
      if (input.value === (this.#shown[name] ?? "")) input.value = value;
      this.#shown[name] = value;
    }
    this.#redirect.textContent = redirectUrl || "Not known until the app has asked to be installed";
  }

  #save(event) {
    event.preventDefault();
    busy(this.#button, async () => {
      try {
        await this.#context.api.put("api/developer", { installUrl: this.#install.value.trim(), appWebhookUrl: this.#webhook.value.trim() });
        this.#problem.show("");
        this.#context.toast("Saved", { kind: "good" });
        await this.#onsaved();
      } catch (error) {
        this.#problem.show(error.message, "bad");
      }
    });
  }
}

// facts lists what is known; a yes or no is shown as a badge, and a list as words.
function facts(values) {
  const entries = Object.entries(values).filter(([, value]) => value !== undefined && value !== "" && value !== null);
  return el("dl", { class: "facts" }, entries.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, show(value))]));
}

function show(value) {
  if (typeof value === "boolean") return badge(value ? "yes" : "no", value ? "good" : undefined);
  if (Array.isArray(value)) return value.map(show).join(", ") || "none";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
