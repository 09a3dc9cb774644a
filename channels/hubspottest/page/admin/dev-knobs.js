// What HubSpot's documentation leaves open: one row per question, with the two readings. A reading is chosen for all portals.

import { el, setAttribute } from "../dom.js";
import { badge } from "../ui.js";
import { button, notice } from "./controls.js";

export class KnobsPanel {
  #context;
  #rows = new Map();
  #body = el("tbody", { "data-testid": "knobs" });
  #search = el("input", { type: "search", placeholder: "Search", "aria-label": "Search", oninput: () => this.#filter() });
  #changed = notice();
  #reset = button("Back to the defaults", { testid: "knobs-reset", onclick: () => this.#resetAll() });
  #knobs = [];
  node;

  constructor(context) {
    this.#context = context;
    this.node = el("div", { class: "stack" },
      el("p", { class: "lead" }, "HubSpot’s documentation leaves these open. The default is the reading that asks most of an app, or the "
        + "one that was observed where the other is marked. See whether your app works with both: a choice holds until the simulator ends."),
      el("div", { class: "row" }, this.#search, this.#reset), this.#changed.node,
      el("div", { class: "card table-scroll" }, el("table", { class: "knobs" },
        el("thead", {}, el("tr", {}, ["Behaviour", "What HubSpot does"].map((title) => el("th", { scope: "col" }, title)))), this.#body)));
  }

  async load() { this.#show(await this.#context.api.get("api/knobs")); }

  #show(knobs) {
    this.#knobs = knobs;
    for (const knob of knobs) {
      if (!this.#rows.has(knob.name)) this.#add(knob);
      this.#rows.get(knob.name).update(knob);
    }
    const turned = knobs.filter(({ on }) => on).length;
    this.#changed.show(turned > 0 ? `${turned} of ${knobs.length} are not at their default.` : "", "warn");
    this.#reset.hidden = turned === 0;
  }

  #add({ name, true: on, false: off, harder }) {
    const option = (value, text, mark) => {
      const choose = () => this.#set({ [name]: value });
      const input = el("input", { type: "radio", name: `knob-${name}`, value: String(value), onchange: choose });
      return { input, node: el("label", { class: "reading" }, input, el("span", {}, sentence(text)), mark) };
    };
    // The text of the default refers to the other.
    const readings = [option(true, on, harder && badge("asks more", "warn")), option(false, off, badge("default", "accent"))];
    const node = el("tr", { "data-knob": name },
      el("th", { scope: "row" }, words(name)),
      el("td", {},
        el("div", { role: "radiogroup", "aria-label": words(name), class: "readings" }, readings.map((reading) => reading.node))));
    this.#rows.set(name, {
      node, text: `${words(name)} ${on} ${off}`.toLowerCase(),
      update(knob) {
        readings[0].input.checked = knob.on;
        readings[1].input.checked = !knob.on;
        setAttribute(node, "data-changed", knob.on);
      },
    });
    this.#body.append(node);
  }

  #filter() {
    const wanted = this.#search.value.trim().toLowerCase();
    for (const { node, text } of this.#rows.values()) node.hidden = !text.includes(wanted);
  }

  #resetAll() {
    this.#set(Object.fromEntries(this.#knobs.map(({ name }) => [name, false])));
  }

  async #set(values) {
    try {
      this.#show(await this.#context.api.put("api/knobs", values));
    } catch (error) {
      this.#show(this.#knobs);
      this.#context.toast(error.message, { kind: "bad" });
    }
  }
}

// words takes a field's name apart: "AgentMessagesHidden" is "Agent messages hidden".
function words(name) {
  const parts = name.match(/[A-Z]+s?(?![a-z])|[A-Z][a-z0-9]*/g) ?? [name];
  return parts.map((part, index) => (index === 0 || /^[A-Z]{2}/.test(part) ? part : part.toLowerCase())).join(" ");
}

const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1);
