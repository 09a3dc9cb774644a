// The drawer with the journal: every request and webhook between the app and the simulator, newest first.

import * as api from "./api.js";
import { byId, coalesce, el, KeyedList, setAttribute, setText } from "./dom.js";
import { timeWithSeconds } from "./format.js";

const REFRESH_MS = 1500;
const MOST_SHOWN = 500;

export class Journal {
  #drawer = byId("journal");
  #toggle = byId("journal-toggle");
  #operation = byId("journal-operation");
  #list = new KeyedList(byId("entries"), entryView);
  #entries = [];
  #timer;

  constructor() {
    this.#toggle.addEventListener("click", () => this.#show(this.#drawer.hidden));
    byId("journal-close").addEventListener("click", () => this.#show(false));
    byId("journal-clear").addEventListener("click", () => this.#clear());
    this.#operation.addEventListener("change", () => this.#render());
    this.#drawer.addEventListener("keydown", ({ key }) => { if (key === "Escape") this.#show(false); });
  }

  // The journal is fetched only while somebody looks at it.
  #show(open) {
    this.#drawer.hidden = !open;
    this.#toggle.setAttribute("aria-expanded", String(open));
    if (open) {
      byId("journal-title").focus();
      this.#follow();
    } else {
      clearTimeout(this.#timer);
      this.#toggle.focus();
    }
  }

  async #follow() {
    if (!document.hidden) await this.#load();
    clearTimeout(this.#timer);
    if (!this.#drawer.hidden) this.#timer = setTimeout(() => this.#follow(), REFRESH_MS);
  }

  #load = coalesce(async () => {
    try {
      this.#entries = await api.getJournal() ?? [];
      this.#render();
    } catch (error) {
      setText(byId("journal-note"), error.message);
    }
  });

  async #clear() {
    try {
      await api.clearJournal();
    } catch (error) {
      setText(byId("journal-note"), error.message);
    }
    await this.#load();
  }

  #render() {
    this.#offerOperations();
    const wanted = this.#entries.filter(({ operation }) => !this.#operation.value || operation === this.#operation.value);
    this.#list.show(wanted.slice(-MOST_SHOWN).reverse());
    setText(byId("journal-note"), note(wanted.length));
  }

  #offerOperations() {
    const names = [...new Set(this.#entries.map(({ operation }) => operation))].sort();
    const chosen = this.#operation.value;
    if (chosen && !names.includes(chosen)) names.push(chosen);
    const offered = [...this.#operation.options].slice(1).map((option) => option.value);
    if (this.#operation.options.length > 0 && offered.join() === names.join()) return;
    this.#operation.replaceChildren(new Option("All operations", ""), ...names.map((name) => new Option(name, name)));
    this.#operation.value = chosen;
  }
}

function note(count) {
  if (count === 0) return "Nothing yet. Send a message and watch what happens.";
  return count > MOST_SHOWN ? `The newest ${MOST_SHOWN} of ${count} entries` : "";
}

function entryView(entry) {
  const status = el("span", { class: "entry-status" });
  const node = el("li", {},
    el("details", { class: "entry", ontoggle: fillBodies },
      el("summary", {},
        el("span", { class: "entry-operation" }, entry.operation), status,
        el("time", { class: "entry-time", datetime: entry.time }, timeWithSeconds(entry.time)),
        el("span", { class: "entry-path" }, `${entry.method} ${entry.path}`)),
      el("div", { class: "entry-bodies" })));
  let shown = entry;

  function fillBodies({ target }) {
    if (target.open) target.lastElementChild.replaceChildren(...bodies(shown));
  }

  return {
    node,
    update(next) {
      shown = next;
      setText(status, String(next.status || "no answer"));
      setAttribute(status, "data-class", next.status >= 200 ? String(next.status)[0] : "5");
    },
  };
}

function bodies({ request, response, error, durationMs, portalId }) {
  const facts = [durationMs !== undefined && `${durationMs} ms`, portalId && `portal ${portalId}`].filter(Boolean).join(" · ");
  return [
    el("p", {}, facts),
    ...[["Request", request], ["Response", response], ["Error", error]].filter(([, body]) => body)
      .flatMap(([title, body]) => [el("h3", {}, title), el("pre", { tabindex: "0", "aria-label": title }, indented(body))]),
  ];
}

function indented(body) {
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body; // no JSON, or cut short
  }
}
