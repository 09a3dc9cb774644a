// Short notes at the bottom of the page, read out by screen readers.

import { byId, el, icon } from "./dom.js";

const SHOWN_MS = 6000;
const MOST = 3;

// toast shows a text until it has been read. kind is "good", "bad" or nothing; an action is {label, run}. A
// failure stays until it is closed.
export function toast(text, { kind = "", action } = {}) {
  const place = byId("toasts");
  const role = kind === "bad" ? "alert" : "status";
  const node = el("li", { class: "toast", "data-kind": kind, "data-testid": "toast", role },
    el("span", { dir: "auto" }, text),
    action && el("button", { type: "button", class: "quiet small", onclick: () => { close(); action.run(); } }, action.label),
    el("button", { type: "button", class: "quiet small", "aria-label": "Close", onclick: close }, icon("cross")));
  let timer = 0;

  function close() {
    clearTimeout(timer);
    node.remove();
  }

  place.append(node);
  while (place.children.length > MOST) place.firstElementChild.remove();
  if (kind !== "bad") timer = setTimeout(close, SHOWN_MS);
  return close;
}
