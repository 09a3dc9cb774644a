// The developer panel: the app, what it and the simulator say to each other, and what the simulator can be made to do.
// Addresses: #/developer/<tab>.

import { el } from "../dom.js";
import { AppPanel } from "./dev-app.js";
import { ClockPanel } from "./dev-clock.js";
import { FaultsPanel } from "./dev-faults.js";
import { JournalPanel } from "./dev-journal.js";
import { KnobsPanel } from "./dev-knobs.js";
import { PeoplePanel } from "./dev-people.js";
import { notice, tabPanel, tabs } from "./controls.js";

// A panel has a node, and load, which fetches what it shows and may throw. close is for those with timers.
const PANELS = [
  { id: "app", label: "App", make: (context) => new AppPanel(context) },
  { id: "journal", label: "Journal", make: (context, report) => new JournalPanel(context, report) },
  { id: "faults", label: "Faults", make: (context) => new FaultsPanel(context) },
  { id: "behaviour", label: "Behaviour", make: (context) => new KnobsPanel(context) },
  { id: "clock", label: "Clock", make: (context) => new ClockPanel(context) },
  { id: "people", label: "Portals and users", make: (context) => new PeoplePanel(context) },
];

export function mount(container, context) {
  const view = new Developer(container, context);
  return () => view.close();
}

class Developer {
  #context;
  #tabs;
  #place = el("div");
  #problem = notice();
  #panel;
  #offs;

  constructor(container, context) {
    this.#context = context;
    this.#tabs = tabs({ name: "Developer panel", entries: PANELS, onchoose: (id) => context.navigate(`#/developer/${id}`) });
    container.replaceChildren(el("div", { class: "admin" },
      el("h1", { tabindex: "-1" }, "Developer panel"),
      this.#tabs.node, this.#problem.node, this.#place));
    this.#offs = [
      context.onRoute((route) => this.#show(route)),
      context.state.on("state", () => this.#load()),
      context.live.on("hello", () => this.#load()),
    ];
    this.#show(context.route);
  }

  #show({ rest }) {
    const chosen = PANELS.find(({ id }) => id === rest[0]) ?? PANELS[0];
    this.#panel?.close?.();
    this.#panel = chosen.make(this.#context, (error) => this.#problem.show(error.message, "bad"));
    this.#place.replaceChildren(tabPanel(chosen.id, this.#panel.node));
    this.#tabs.show(chosen.id);
    this.#load();
  }

  async #load() {
    const panel = this.#panel;
    try {
      await panel.load();
      if (panel === this.#panel) this.#problem.show("");
    } catch (error) {
      if (panel === this.#panel) this.#problem.show(error.message, "bad");
    }
  }

  close() {
    this.#panel.close?.();
    for (const off of this.#offs) off();
  }
}
