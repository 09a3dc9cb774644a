// The journal: every request and webhook between the app and the simulator, newest first, and the webhooks that wait.

import { coalesce, el, KeyedList, setAttribute, setText } from "../dom.js";
import { plural, timeWithSeconds } from "../format.js";
import { choice, offer } from "../ui.js";
import { button, busy, notice } from "./controls.js";

const REFRESH_MS = 1500;
const MOST_KEPT = 1000;
const MOST_SHOWN = 300;
const WEBHOOKS = ["webhook.delivery", "webhook.app"];
const GROUPS = [["", "All operations"], ["webhooks", "Webhooks"], ["calls", "Calls of the app"]];
const RESULTS = [["", "Any status"], ["ok", "Succeeded"], ["failed", "Failed"]];

export class JournalPanel {
  #context;
  #report;
  #entries = [];
  #operation = this.#filter("Operation", "journal-operation", GROUPS);
  #portal = this.#filter("Portal", "journal-portal", [["", "All portals"]]);
  #result = this.#filter("Status", "journal-status", RESULTS);
  #search = el("input", {
    type: "search", placeholder: "Search", "aria-label": "Search the journal", "data-testid": "journal-search",
    oninput: () => this.#render(),
  });
  #note = notice();
  #waiting = new Waiting();
  #rows;
  #timer;
  node;

  constructor(context, report) {
    this.#context = context;
    this.#report = report;
    const list = el("ol", { class: "entries", "data-testid": "journal" });
    // A simulator that was started again counts its entries anew.
    this.#rows = new KeyedList(list, (entry) => entryView(entry, context), ({ id, time }) => `${id} ${time}`);
    this.node = el("div", { class: "stack" },
      el("div", { class: "row" }, this.#operation, this.#portal, this.#result, this.#search,
        button("Clear", { testid: "journal-clear", onclick: () => this.#clear() })),
      this.#waiting.node, this.#note.node, list);
    this.#timer = setInterval(() => { if (!document.hidden) this.#follow(); }, REFRESH_MS);
  }

  #filter(label, testid, options) {
    return choice(options, "", { "aria-label": label, "data-testid": testid, onchange: () => this.#render() });
  }

  // load fetches all: the simulator may be another one since.
  load = coalesce(async () => {
    this.#entries = await this.#context.api.get("journal", { limit: MOST_KEPT });
    await this.#after();
  });

  #follow = coalesce(async () => {
    try {
      const more = await this.#context.api.get("journal", { after: this.#entries.at(-1)?.id ?? 0, limit: MOST_KEPT });
      this.#entries = [...this.#entries, ...more].slice(-MOST_KEPT);
      await this.#after();
    } catch (error) {
      this.#report(error);
    }
  });

  async #after() {
    this.#waiting.show((await this.#context.api.get("api/developer")).waiting);
    this.#render();
  }

  async #clear() {
    try {
      await this.#context.api.del("journal");
      await this.load();
    } catch (error) {
      this.#report(error);
    }
  }

  #render() {
    const names = [...new Set(this.#entries.map(({ operation }) => operation))].sort();
    offer(this.#operation, [...GROUPS, ...names.map((name) => [name, name])]);
    offer(this.#portal, [["", "All portals"], ...this.#context.state.info.portals.map(({ id, name }) => [String(id), name])]);
    const wanted = this.#entries.filter((entry) => this.#matches(entry));
    this.#rows.show(wanted.slice(-MOST_SHOWN).reverse());
    this.#note.show(summary(wanted.length, this.#entries.length));
  }

  #matches(entry) {
    const [operation, portal, result, text] = [this.#operation, this.#portal, this.#result, this.#search].map(({ value }) => value);
    const webhook = WEBHOOKS.includes(entry.operation);
    const failed = entry.status < 200 || entry.status >= 400;
    return (!operation || (operation === "webhooks" && webhook) || (operation === "calls" && !webhook) || operation === entry.operation)
      && (!portal || String(entry.portalId) === portal)
      && (!result || (result === "failed") === failed)
      && (!text || `${entry.path}\n${entry.request}\n${entry.response}`.toLowerCase().includes(text.toLowerCase()));
  }

  close() { clearInterval(this.#timer); }
}

function summary(wanted, all) {
  if (all === 0) return "Nothing yet. Install the app or send a message, and watch what happens.";
  if (wanted === 0) return "No entry is like this.";
  return wanted > MOST_SHOWN ? `The newest ${MOST_SHOWN} of ${wanted} entries` : "";
}

// Waiting lists the webhooks that the app has not accepted.
class Waiting {
  #summary = el("summary");
  #list = el("ul", { class: "lines" });
  node = el("details", { class: "fold card", "data-testid": "waiting-webhooks", hidden: true }, this.#summary, this.#list);

  show(waiting) {
    this.node.hidden = waiting.length === 0;
    setText(this.#summary, `${plural(waiting.length, "webhook")} not accepted yet`);
    this.#list.replaceChildren(...waiting.map(({ operation, portalId, attempts, nextAt, request }) => el("li", {},
      el("strong", {}, eventType(request) ?? operation),
      [`portal ${portalId}`, plural(attempts, "attempt"), nextAt && `next at ${timeWithSeconds(nextAt)}`].filter(Boolean)
        .map((text) => el("span", { class: "note" }, text)))));
  }
}

function entryView(entry, context) {
  const status = el("span", { class: "entry-status" });
  const bodies = el("div", { class: "entry-bodies" });
  let shown = entry;
  const fill = () => { if (details.open) bodies.replaceChildren(...content(shown, context)); };
  const details = el("details", { class: "entry", ontoggle: fill },
    el("summary", {},
      status, el("span", { class: "entry-operation" }, entry.operation),
      el("span", { class: "entry-path" }, [eventType(entry.request), `${entry.method} ${entry.path}`].filter(Boolean).join(" · ")),
      el("span", { class: "entry-time" }, `${entry.durationMs} ms`),
      el("time", { class: "entry-time", datetime: entry.time }, timeWithSeconds(entry.time))),
    bodies);
  return {
    node: el("li", { "data-operation": entry.operation }, details),
    update(next) {
      shown = next;
      setText(status, next.status ? String(next.status) : "none");
      setAttribute(status, "data-class", next.status >= 200 ? String(next.status)[0] : "5");
    },
  };
}

function content({ id, operation, method, path, request, response, error, portalId }, context) {
  const again = WEBHOOKS.includes(operation) && button("Send again", {
    kind: "outline small", testid: "send-again", onclick: () => busy(again, () => sendAgain(id, context)),
  });
  const parts = [["Error", error], ["Request", request], ["Response", response]].filter(([, body]) => body);
  return [
    el("p", { class: "entry-address" },
      el("code", {}, `${method} ${path}`), portalId && el("span", { class: "note" }, `portal ${portalId}`), again),
    ...parts.flatMap(([title, body]) => [el("h3", {}, title), el("pre", { tabindex: "0", "aria-label": title }, indented(body))]),
  ];
}

async function sendAgain(id, { api, toast }) {
  try {
    const { status, error } = await api.post(`api/webhooks/${id}/replay`);
    const accepted = status >= 200 && status < 300;
    toast(status ? `The app answered ${status}.` : `The app did not answer: ${error}`, { kind: accepted ? "good" : "bad" });
  } catch (error) {
    toast(error.message, { kind: "bad" });
  }
}

// eventType is what a webhook is about; of other requests it is undefined.
function eventType(body) {
  return /^\s*\[?\s*\{[^{}[\]]*?"(?:type|subscriptionType)"\s*:\s*"([A-Za-z_.]+)"/.exec(body ?? "")?.[1];
}

function indented(body) {
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body; // no JSON, or cut short
  }
}
