// The steps that connect an account of a channel: choose the channel, give the credentials in the app's popup, set the
// routing, and choose what comes next.

import { el, icon } from "../dom.js";
import { emptyHint } from "../ui.js";
import { busy, logo, notice } from "./controls.js";
import { closed, openPopup } from "./popup.js";
import { describeRouting, RoutingForm, sameRouting } from "./routing.js";

const STEPS = ["Channel", "Account", "Routing", "Done"];

export class ConnectSteps {
  #context;
  #inbox;
  #steps = el("ol", { class: "steps", "aria-label": "Steps" });
  #body = el("div", { class: "step" });
  #attempt; // the popup under way: {channel, popup, token, stop}
  #offs;
  heading = el("h1", { tabindex: "-1" });
  node;

  constructor(context, inbox) {
    this.#context = context;
    this.#inbox = inbox;
    this.node = el("div", { class: "admin" },
      el("header", { class: "page-head" },
        el("div", {}, el("p", { class: "crumb" }, el("a", { href: `#/settings/${inbox.id}` }, "Inbox & Help Desk"), ` › ${inbox.name}`), this.heading)),
      this.#steps, this.#body);
    this.#offs = [
      context.live.on("connection", (connection) => this.#ended(connection)),
      context.state.on("state", () => { if (!this.#attempt && this.#step === 0) this.choose(); }),
    ];
    this.choose(false);
  }

  #step = 0;

  // #show goes to a step. Its heading gets the focus, so that a screen reader begins there.
  #show(step, title, body, focus = true) {
    this.#step = step;
    this.heading.textContent = title;
    const names = this.#context.state.info.can.route ? STEPS : STEPS.filter((name) => name !== "Routing");
    const at = names.indexOf(STEPS[step]);
    this.#steps.replaceChildren(...names.map((name, index) =>
      el("li", { "aria-current": index === at && "step", "data-done": index < at }, name)));
    this.#body.replaceChildren(...body);
    if (focus) this.heading.focus();
  }

  // choose lists the channels that the installed app has registered.
  choose(focus = true) {
    const { app, portal, channels, agent, can } = this.#context.state.info;
    if (focus && document.activeElement?.closest(".step") === this.#body) focus = false; // the list was only refreshed
    if (!can.connect) {
      return this.#show(0, "Connect a channel", [notice(`You are ${agent.name}. Only a super-admin connects channels.`, "warn").node], focus);
    }
    const list = el("ul", { class: "channel-choices", "data-testid": "channels" }, ...channels.map((channel) => this.#channel(channel)));
    const none = emptyHint({
      icon: "shop", title: `${app.name} is not installed in ${portal.name}`,
      text: "An app’s channels can be connected once it is installed.",
      action: el("a", { class: "primary", href: "#/marketplace" }, "Go to the marketplace"),
    });
    const missing = el("details", { class: "missing", "data-testid": "missing-channel" },
      el("summary", {}, "Is your channel not in this list?"),
      el("p", {}, portal.installed ? `${app.name} is installed in ${portal.name}. ` : `${app.name} is not installed in ${portal.name}. `,
        "A channel is listed once its app is installed here and has registered it. Install the app, or re-authorise it if it was given more rights since: ",
        el("a", { href: "#/marketplace" }, "go to the marketplace"), "."));
    missing.open = channels.length === 0;
    this.#show(0, "Connect a channel", [
      ...(portal.installed ? [el("p", { class: "lead" }, `Choose the channel that the ${this.#inbox.name.toLowerCase()} shall receive messages from.`), list] : [none]),
      missing,
    ], focus);
  }

  #channel(channel) {
    const { name, description, connectUrl } = channel;
    return el("li", { class: "card channel-choice", "data-channel-id": channel.id },
      logo(channel),
      el("div", { class: "channel-text" }, el("h2", { dir: "auto" }, name), el("p", { dir: "auto" }, description || "No description")),
      connectUrl
        ? el("button", { type: "button", class: "primary", "data-testid": "continue-with", onclick: () => this.#open(channel) }, `Continue with ${name}`)
        : el("p", { class: "note" }, "It has no connect page, so only its app can add accounts."));
  }

  // #open runs within a click. The simulator stages an account, and the app's page completes it.
  async #open(channel) {
    this.#stop();
    const attempt = { channel, control: new AbortController() };
    const { signal } = attempt.control;
    try {
      attempt.popup = openPopup();
      this.#attempt = attempt;
      this.#wait(attempt);
      const { api } = this.#context;
      const { token, popupUrl } = await api.post("api/connections", { channelId: channel.id, inboxId: this.#inbox.id });
      if (signal.aborted) return;
      attempt.token = token;
      attempt.popup.location.replace(popupUrl);
      await closed(attempt.popup, signal);
      const result = signal.aborted ? {} : await api.get(`api/connections/${token}`);
      if (result.done) this.#ended(result);
      else if (!signal.aborted) this.#fail(channel, unfinished(channel));
    } catch (error) {
      attempt.popup?.close();
      if (!signal.aborted) this.#fail(channel, error.message);
    }
  }

  #stop() {
    this.#attempt?.control.abort();
    this.#attempt = undefined;
  }

  #wait({ channel, popup }) {
    this.#show(1, `Connect ${channel.name}`, [
      el("div", { class: "card waiting", "data-testid": "waiting" },
        logo(channel),
        el("div", {},
          el("p", { role: "status" }, `Enter your credentials in the window of ${channel.name}.`),
          el("p", { class: "note" }, `If it stays empty or shows an error of the browser, the app does not answer at ${channel.connectUrl}`)),
        el("span", { class: "spinner", "aria-hidden": "true" })),
      el("div", { class: "step-buttons" },
        el("button", { type: "button", class: "outline", onclick: () => popup.focus() }, "Show the window"),
        el("button", {
          type: "button", class: "outline", "data-testid": "connect-cancel", onclick: () => {
            this.#stop();
            popup.close();
            this.choose();
          },
        }, "Cancel")),
    ]);
  }

  #fail(channel, message) {
    this.#show(1, `Connect ${channel.name}`, [
      notice(message, "bad").node,
      el("div", { class: "step-buttons" },
        el("button", { type: "button", class: "primary", "data-testid": "try-again", onclick: () => this.#open(channel) }, "Try again"),
        el("button", { type: "button", class: "outline", onclick: () => this.#restart() }, "Choose another channel")),
    ]);
  }

  #restart() {
    this.#stop();
    this.choose();
  }

  // #ended takes the account that the popup has left behind, also after the window was taken for closed.
  async #ended({ token, done, account }) {
    const attempt = this.#attempt;
    if (!done || !attempt || token !== attempt.token) return;
    this.#stop();
    attempt.popup.close();
    await this.#context.state.reload().catch(() => {}); // what comes next needs only the account
    if (this.#context.state.info.can.route) this.#route(attempt.channel, account);
    else this.#finish(attempt.channel, account);
  }

  #route(channel, account) {
    const { users, teams } = this.#context.state.info;
    const form = new RoutingForm({ users, teams, routing: account.routing });
    const problem = notice();
    const next = el("button", { type: "submit", class: "primary", "data-testid": "routing-next" }, "Next");
    const submit = (event) => {
      event.preventDefault();
      busy(next, async () => {
        try {
          this.#finish(channel, await this.#saveRouting(account, form.value()));
        } catch (error) {
          problem.show(error.message, "bad");
        }
      });
    };
    this.#show(2, `Set up routing for ${account.name}`, [
      el("form", { class: "card routing-step", onsubmit: submit, onchange: () => problem.show(""), novalidate: true }, form.node, problem.node, el("div", { class: "step-buttons" }, next)),
    ]);
  }

  // An account that is not changed is not written: the app hears of every change.
  #saveRouting(account, routing) {
    if (sameRouting(account.routing, routing)) return account;
    return this.#context.api.put(`api/accounts/${account.id}/routing`, routing);
  }

  #finish(channel, account) {
    const { navigate, state } = this.#context;
    const { users, can } = state.info;
    const button = (label, testid, run, kind = "outline") => el("button", { type: "button", class: kind, "data-testid": testid, onclick: run }, label);
    const fact = (name, value) => [el("dt", {}, name), el("dd", { dir: "auto" }, value)];
    this.#show(3, `${account.name} is connected`, [
      el("div", { class: "card connected" },
        el("span", { class: "connected-mark" }, icon("check")),
        el("dl", {},
          ...fact("Channel", channel.name), ...fact("Address", account.deliveryIdentifier?.value ?? "—"), ...fact("Arrives in", this.#inbox.name),
          ...(can.route ? fact("New conversations go to", describeRouting(account.routing, users)) : []))),
      el("div", { class: "step-buttons" },
        button("Connect another account", "connect-another", () => this.#open(channel)),
        button("Connect a channel", "connect-a-channel", () => this.#restart()),
        button("Go to inbox", "go-to-inbox", () => navigate("#/inbox")),
        button("Done", "connect-done", () => navigate(`#/settings/${this.#inbox.id}`), "primary")),
    ]);
  }

  close() {
    this.#stop();
    for (const off of this.#offs) off();
  }
}

const unfinished = ({ connectUrl }) => "The window was closed before an account was connected. If it showed no form, check that the app "
  + `is running and answers at ${connectUrl}`;
