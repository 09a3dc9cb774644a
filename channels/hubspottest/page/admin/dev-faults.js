// Faults: what goes wrong on purpose, in calls of the app and in webhooks to it.

import { el, KeyedList, setText } from "../dom.js";
import { plural } from "../format.js";
import { choice, field, offer } from "../ui.js";
import { button, busy, checkable, notice } from "./controls.js";

const CALLS = [
  ["rate-limit", "429: too many requests", { form: "RATE_LIMIT", retryAfterSeconds: 5 }],
  ["server-error", "500: server error", { status: 500 }],
  ["unavailable", "503: not available, as text", { form: "TEXT" }],
  ["html", "502: HTML error page", { form: "HTML" }],
  ["reset-after", "Connection lost after the effect", { reset: "AFTER" }],
  ["reset-before", "Connection lost before the effect", { reset: "BEFORE" }],
  ["slow", "Slow answer", { delayMs: 10_000 }],
  ["truncated", "Truncated answer", { truncate: true }],
];
const WEBHOOKS = [
  ["duplicated", "Webhook duplicated", { duplicates: 1 }],
  ["delayed", "Webhook delayed", { delayMs: 5000 }],
  ["reordered", "Webhook overtaken by the next", { reorder: true }],
  ["bad-signature", "Webhook with a bad signature", { badSignature: true }],
  ["spaced-signature", "Webhook with spaces for plus signs", { spacedSignature: true }],
];
const isWebhook = (operation) => operation.startsWith("webhook.");

export class FaultsPanel {
  #context;
  #form;
  #note = notice();
  #rows;
  #clear = button("Remove all", { testid: "faults-clear", onclick: () => this.#remove("api/faults") });
  #timer;
  node;

  constructor(context) {
    this.#context = context;
    this.#form = new FaultForm(context, () => this.load());
    const list = el("ul", { class: "faults", "data-testid": "faults" });
    this.#rows = new KeyedList(list, (fault) => this.#row(fault));
    this.node = el("div", { class: "columns" }, this.#form.node,
      el("section", { class: "card" }, el("div", { class: "row spread" }, el("h2", {}, "Set faults"), this.#clear), this.#note.node, list));
    this.#timer = setInterval(() => { if (!document.hidden) this.load().catch(() => {}); }, 2000); // for the counters
  }

  async load() {
    const { faults, forms, operations } = await this.#context.api.get("api/faults");
    this.#form.show(operations, forms);
    this.#rows.show(faults);
    this.#clear.hidden = faults.length === 0;
    this.#note.show(faults.length === 0 ? "None: everything works as HubSpot means it to." : "");
  }

  #row(fault) {
    const counters = el("span", { class: "note", "data-testid": "fault-counters" });
    return {
      node: el("li", { "data-fault-id": fault.id },
        el("div", {},
          el("strong", {}, describe(fault)), el("p", { class: "note" }, el("code", {}, fault.operation), ` ${scope(fault)}`), counters),
        button("Remove", {
          kind: "outline small", testid: "fault-remove", "aria-label": `Remove: ${describe(fault)}`,
          onclick: () => this.#remove(`api/faults/${fault.id}`),
        })),
      update: ({ seen, played }) => setText(counters, `Seen in ${plural(seen, "call")}, played in ${played}`),
    };
  }

  async #remove(path) {
    try {
      await this.#context.api.del(path);
      await this.load();
    } catch (error) {
      this.#context.toast(error.message, { kind: "bad" });
    }
  }

  close() { clearInterval(this.#timer); }
}

// FaultForm adds a fault. A preset fills it in; what does not go with the operation is hidden.
class FaultForm {
  #context;
  #onadded;
  #preset = choice([{ group: "Calls", options: pairs(CALLS) }, { group: "Webhooks", options: pairs(WEBHOOKS) }], "rate-limit", {
    "data-testid": "fault-preset", onchange: () => this.#fill(),
  });
  #operation = choice([], "", { "data-testid": "fault-operation", onchange: () => this.#showParts() });
  #portal = choice([], "", { "data-testid": "fault-portal" });
  #inputs = {
    nth: number("0"), delayMs: number("0"), status: number("0"), retryAfterSeconds: number("0"), duplicates: number("0"),
    form: choice([], ""), reset: choice([["", "No"], ["BEFORE", "Before the effect"], ["AFTER", "After the effect"]], ""),
  };
  #checks = {
    truncate: checkable({ type: "checkbox" }, "Truncated answer", "It breaks off after the effect."),
    reorder: checkable({ type: "checkbox" }, "Overtaken", "It is sent after the portal’s next webhook."),
    badSignature: checkable({ type: "checkbox" }, "Bad signature", "Signed with another secret."),
    spacedSignature: checkable({ type: "checkbox" }, "Spaces for plus signs", "In the signature header."),
  };
  #parts;
  #problem = notice();
  #button = button("Add fault", { type: "submit", kind: "primary", testid: "fault-add" });
  node;

  constructor(context, onadded) {
    this.#context = context;
    this.#onadded = onadded;
    const { nth, delayMs, status, retryAfterSeconds, duplicates, form, reset } = this.#inputs;
    this.#parts = {
      call: el("div", { class: "stack" },
        el("div", { class: "field-row" },
          field("Status", status, { help: "0: the form’s own" }), field("Form of the body", form),
          field("Retry-After, seconds", retryAfterSeconds)),
        this.#checks.truncate.node),
      webhook: el("div", { class: "stack" },
        field("Sent again, times", duplicates),
        this.#checks.reorder.node, this.#checks.badSignature.node, this.#checks.spacedSignature.node),
    };
    this.node = el("form", { class: "card stack", novalidate: true, onsubmit: (event) => this.#add(event) }, el("h2", {}, "Add a fault"),
      field("What goes wrong", this.#preset),
      el("div", { class: "field-row" }, field("Operation", this.#operation), field("Portal", this.#portal)),
      field("Which call", nth, { help: "1 is the next one, 0 is every one." }),
      el("details", { class: "fold" }, el("summary", {}, "Details"),
        el("div", { class: "stack" },
          el("div", { class: "field-row" }, field("Delay, ms", delayMs), field("Connection lost", reset)),
          this.#parts.call, this.#parts.webhook)),
      this.#problem.node, el("div", { class: "row" }, this.#button));
  }

  show(operations, forms) {
    const first = this.#operation.options.length === 0;
    offer(this.#operation, operations.map((name) => [name, name]));
    offer(this.#portal, [["", "Every portal"], ...this.#context.state.info.portals.map(({ id, name }) => [String(id), name])]);
    offer(this.#inputs.form, forms.map((name) => [name, name || "The usual"]));
    if (!first) return;
    this.#operation.value = "message.publish";
    this.#fill();
  }

  #fill() {
    const webhook = WEBHOOKS.find(([id]) => id === this.#preset.value);
    const [, , values] = webhook ?? CALLS.find(([id]) => id === this.#preset.value);
    if (isWebhook(this.#operation.value) !== Boolean(webhook)) this.#operation.value = webhook ? "webhook.delivery" : "message.publish";
    const { nth, ...filled } = this.#inputs; // which call stays as it is
    for (const [name, input] of Object.entries(filled)) input.value = values[name] ?? (input.type === "number" ? 0 : "");
    for (const [name, { input }] of Object.entries(this.#checks)) input.checked = Boolean(values[name]);
    this.#showParts();
  }

  #showParts() {
    this.#parts.call.hidden = isWebhook(this.#operation.value);
    this.#parts.webhook.hidden = !this.#parts.call.hidden;
  }

  // #fault leaves out what is empty, and what does not go with the operation.
  #fault() {
    const webhook = isWebhook(this.#operation.value);
    const fault = { operation: this.#operation.value };
    if (this.#portal.value) fault.portalId = Number(this.#portal.value);
    const left = webhook ? ["status", "form", "retryAfterSeconds"] : ["duplicates"];
    for (const [name, input] of Object.entries(this.#inputs)) {
      const value = input.type === "number" ? Number(input.value) : input.value;
      if (value && !left.includes(name)) fault[name] = value;
    }
    for (const [name, { input }] of Object.entries(this.#checks)) {
      if (input.checked && (name === "truncate") !== webhook) fault[name] = true;
    }
    return fault;
  }

  #add(event) {
    event.preventDefault();
    busy(this.#button, async () => {
      try {
        await this.#context.api.post("api/faults", this.#fault());
        this.#problem.show("");
        await this.#onadded();
      } catch (error) {
        this.#problem.show(error.message, "bad");
      }
    });
  }
}

function pairs(presets) { return presets.map(([id, title]) => [id, title]); }

function number(value) { return el("input", { type: "number", min: "0", value }); }

function describe(fault) {
  const { status, form, delayMs, reset, retryAfterSeconds, truncate, duplicates, reorder, badSignature, spacedSignature } = fault;
  const parts = [
    status && `status ${status}`, form && `form ${form}`, retryAfterSeconds && `Retry-After ${retryAfterSeconds} s`,
    delayMs && `${delayMs / 1000} s late`, reset && `connection lost ${reset.toLowerCase()} the effect`, truncate && "truncated answer",
    duplicates && `sent ${duplicates + 1} times`, reorder && "overtaken by the next", badSignature && "bad signature",
    spacedSignature && "spaces for plus signs in the signature",
  ].filter(Boolean).join(", ");
  return parts ? parts.charAt(0).toUpperCase() + parts.slice(1) : "Nothing goes wrong";
}

function scope({ nth, portalId }) {
  return [nth ? `only call ${nth} since it was set` : "every call", portalId && `portal ${portalId}`].filter(Boolean).join(", ");
}
