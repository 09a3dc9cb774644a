// The simulator's clock. It only goes ahead: tokens expire, and webhooks that wait are sent.

import { el, setText } from "../dom.js";
import { fullTime, timeWithSeconds } from "../format.js";
import { choice, field } from "../ui.js";
import { button, notice } from "./controls.js";

const STEPS = [["5 seconds", 5], ["1 minute", 60], ["30 minutes", 1800], ["1 hour", 3600], ["24 hours", 86_400], ["7 days", 604_800]];
const UNITS = [["1", "seconds"], ["60", "minutes"], ["3600", "hours"], ["86400", "days"]];

export class ClockPanel {
  #context;
  #time = el("p", { class: "clock-time", "data-testid": "clock" });
  #date = el("p", { class: "note" });
  #ahead = el("p", { class: "note", "data-testid": "clock-ahead", role: "status" });
  #amount = el("input", { type: "number", min: "0", step: "any", value: "10", "data-testid": "clock-amount" });
  #unit = choice(UNITS, "60", { "data-testid": "clock-unit" });
  #problem = notice();
  #offset; // of the simulator's clock to this one, in ms
  #timer;
  node;

  constructor(context) {
    this.#context = context;
    this.node = el("section", { class: "card clock" },
      this.#time, this.#date, this.#ahead,
      el("div", { class: "row", role: "group", "aria-label": "Advance by" },
        STEPS.map(([label, seconds]) => button(`+ ${label}`, { testid: `advance-${seconds}`, onclick: () => this.#advance(seconds) }))),
      el("form", { class: "field-row", onsubmit: (event) => this.#submit(event) },
        field("Advance by", this.#amount), field("Unit", this.#unit),
        button("Advance", { type: "submit", kind: "primary", testid: "advance" })),
      this.#problem.node,
      el("p", { class: "note" }, "Access tokens expire, rate limits recover, and webhooks whose next attempt has become due are sent "
        + "at once. The clock cannot go back. Pauses of faults run on real time."));
    this.#timer = setInterval(() => this.#tick(), 1000);
  }

  async load() { this.#show(await this.#context.api.get("api/clock")); }

  #show({ now, aheadSeconds }) {
    this.#offset = Date.parse(now) - Date.now();
    setText(this.#ahead, aheadSeconds > 0 ? `${inWords(aheadSeconds)} ahead of this computer` : "In step with this computer");
    this.#tick();
  }

  #tick() {
    if (this.#offset === undefined) return;
    const now = Date.now() + this.#offset;
    setText(this.#time, timeWithSeconds(now));
    setText(this.#date, fullTime(now));
  }

  #submit(event) {
    event.preventDefault();
    this.#advance(Number(this.#amount.value) * Number(this.#unit.value));
  }

  async #advance(advanceSeconds) {
    try {
      this.#show(await this.#context.api.post("api/clock", { advanceSeconds }));
      this.#problem.show("");
    } catch (error) {
      this.#problem.show(error.message, "bad");
    }
  }

  close() { clearInterval(this.#timer); }
}

function inWords(seconds) {
  const parts = [[86_400, "day"], [3600, "hour"], [60, "minute"], [1, "second"]].flatMap(([size, name]) => {
    const count = Math.floor(seconds / size);
    seconds %= size;
    return count > 0 ? [`${count} ${name}${count === 1 ? "" : "s"}`] : [];
  });
  return parts.slice(0, 2).join(" ") || "Less than a second";
}
