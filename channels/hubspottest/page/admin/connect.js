// The steps that connect an account of a channel: choose the channel, give the credentials in the app's popup, set the
// routing, and choose what comes next.

import { el, icon } from "../dom.js";
import { emptyHint } from "../ui.js";
import { button, busy, logo, notice } from "./controls.js";
import { closed, openPopup } from "./popup.js";
import { describeRouting, RoutingForm, sameRouting } from "./routing.js";

const STEPS = ["Channel", "Account", "Routing", "Done"];

export class ConnectSteps {
  #context;
  #inbox;
  #steps = el("ol", { class: "steps", "aria-label": "Steps" });
  #body = el("div", { class: "step" });
  #step = 0;
  #listed; // what the list of channels shows
  #attempt; // the popup under way, or the last one: {channel, popup, token, control}
  #offs;
  heading = el("h1", { tabindex: "-1" });
  node;

  constructor(context, inbox) {
    this.#context = context;
    this.#inbox = inbox;
    this.node = el("div", { class: "admin" },
      el("header", { class: "page-head" },
        el("div", {},
          el("p", { class: "crumb" }, el("a", { href: `#/settings/${inbox.id}` }, "Inbox & Help Desk"), ` › ${inbox.name}`),
          this.heading)),
      this.#steps, this.#body);
    this.#offs = [
      context.live.on("connection", (connection) => this.#ended(connection)),
      context.state.on("state", () => { if (this.#step === 0 && this.#listed !== this.#listing()) this.choose(false); }),
    ];
    this.choose(false);
  }

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

  #listing() {
    const { portal, channels, can } = this.#context.state.info;
    return JSON.stringify([portal.installed, channels, can]);
  }

  // choose lists the channels that the installed app has registered.
  choose(focus = true) {
    const { app, portal, channels, agent, can } = this.#context.state.info;
    this.#listed = this.#listing();
    if (!can.connect) {
      const why = notice(`You are ${agent.name}. Only a super-admin connects channels.`, "warn");
      return this.#show(0, "Connect a channel", [why.node], focus);
    }
    const list = el("ul", { class: "channel-choices", "data-testid": "channels" }, channels.map((channel) => this.#channel(channel)));
    const none = emptyHint({
      icon: "shop", title: `${app.name} is not installed in ${portal.name}`,
      text: "An app’s channels are listed once it is installed. If it was installed before, re-authorise it.",
      action: el("a", { class: "primary", href: "#/marketplace" }, "Go to the marketplace"),
    });
    const missing = el("details", { class: "missing", "data-testid": "missing-channel" },
      el("summary", {}, "Is your channel not in this list?"),
      el("p", {}, "A channel is listed once its app has registered it and is installed in this account. Install the app, or "
        + "re-authorise it if it asks for more rights than when it was installed: ",
      el("a", { href: "#/marketplace" }, "go to the marketplace"), "."));
    missing.open = channels.length === 0;
    const lead = channels.length > 0
      ? `Choose the channel that the ${this.#inbox.name.toLowerCase()} shall receive messages from.`
      : `${app.name} is installed but has not registered a channel yet.`;
    this.#show(0, "Connect a channel", portal.installed ? [el("p", { class: "lead" }, lead), list, missing] : [none], focus);
  }

  #channel(channel) {
    const { name, description, connectUrl } = channel;
    return el("li", { class: "card channel-choice", "data-channel-id": channel.id },
      logo(channel),
      el("div", { class: "channel-text" }, el("h2", { dir: "auto" }, name), el("p", { dir: "auto" }, description || "No description")),
      connectUrl
        ? button(`Continue with ${name}`, { kind: "primary", testid: "continue-with", onclick: () => this.#open(channel) })
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
    const cancel = () => {
      popup.close();
      this.#restart();
    };
    this.#show(1, `Connect ${channel.name}`, [
      el("div", { class: "card waiting", "data-testid": "waiting" },
        logo(channel),
        el("div", {},
          el("p", { role: "status" }, `Enter your credentials in the window of ${channel.name}.`),
          el("p", { class: "note" },
            `If it stays empty or shows an error of the browser, the app does not answer at ${channel.connectUrl}`)),
        el("span", { class: "spinner", "aria-hidden": "true" })),
      el("div", { class: "step-buttons" },
        button("Show the window", { onclick: () => popup.focus() }),
        button("Cancel", { testid: "connect-cancel", onclick: cancel })),
    ]);
  }

  #fail(channel, message) {
    this.#show(1, `Connect ${channel.name}`, [
      notice(message, "bad").node,
      el("div", { class: "step-buttons" },
        button("Try again", { kind: "primary", testid: "try-again", onclick: () => this.#open(channel) }),
        button("Choose another channel", { onclick: () => this.#restart() })),
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
    const next = button("Next", { type: "submit", kind: "primary", testid: "routing-next" });
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
      el("form", { class: "card routing-step", onsubmit: submit, onchange: () => problem.show(""), novalidate: true },
        form.node, problem.node, el("div", { class: "step-buttons" }, next)),
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
    const facts = [
      ["Channel", channel.name], ["Address", account.deliveryIdentifier?.value ?? "—"], ["Arrives in", this.#inbox.name],
      ...(can.route ? [["New conversations go to", describeRouting(account.routing, users)]] : []),
    ];
    this.#show(3, `${account.name} is connected`, [
      el("div", { class: "card connected" },
        el("span", { class: "connected-mark" }, icon("check")),
        el("dl", {}, facts.flatMap(([name, value]) => [el("dt", {}, name), el("dd", { dir: "auto" }, value)]))),
      el("div", { class: "step-buttons" },
        button("Connect another account", { testid: "connect-another", onclick: () => this.#open(channel) }),
        button("Connect a channel", { testid: "connect-a-channel", onclick: () => this.#restart() }),
        button("Go to inbox", { testid: "go-to-inbox", onclick: () => navigate("#/inbox") }),
        button("Done", { kind: "primary", testid: "connect-done", onclick: () => navigate(`#/settings/${this.#inbox.id}`) })),
    ]);
  }

  close() {
    this.#stop();
    for (const off of this.#offs) off();
  }
}

const unfinished = ({ connectUrl }) => "The window was closed before an account was connected. If it showed no form, check that the app "
  + `is running and answers at ${connectUrl}`;
