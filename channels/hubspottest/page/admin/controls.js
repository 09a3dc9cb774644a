// Controls that the views of this folder share: tabs, choices, notices, a channel's logo.

import { el, setAttribute, setText } from "../dom.js";
import { initials, tint } from "../format.js";

// tabs shows one of several panels, which tabPanel makes. onchoose is told which one the user wants.
export function tabs({ name, entries, onchoose }) {
  const buttons = new Map(entries.map(({ id, label }) => [id, el("button", {
    type: "button", role: "tab", id: `tab-${id}`, "aria-controls": `panel-${id}`, "data-testid": `tab-${id}`,
    onclick: () => onchoose(id),
  }, label)]));
  const node = el("div", { class: "view-tabs", role: "tablist", "aria-label": name, onkeydown: onKey }, ...buttons.values());

  function onKey(event) {
    const ids = [...buttons.keys()];
    const at = [...buttons.values()].indexOf(document.activeElement);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: -1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const id = ids.at(to % ids.length);
    onchoose(id);
    buttons.get(id).focus();
  }

  return {
    node,
    show(id) {
      for (const [key, button] of buttons) {
        button.setAttribute("aria-selected", String(key === id));
        button.tabIndex = key === id ? 0 : -1;
      }
      const { offsetLeft, offsetWidth } = buttons.get(id); // a narrow screen shows a part of the row
      node.scrollLeft = offsetLeft - (node.clientWidth - offsetWidth) / 2;
    },
    label(id, text) { setText(buttons.get(id), text); },
  };
}

export const tabPanel = (id, ...children) =>
  el("section", { role: "tabpanel", id: `panel-${id}`, "aria-labelledby": `tab-${id}` }, ...children);

// notice is a sentence about what is shown. Kinds: "" (plain), good, warn, bad.
export function notice(text = "", kind = "") {
  const node = el("p", { class: "notice" });
  const show = (next, nextKind = "") => {
    node.hidden = !next;
    setAttribute(node, "role", nextKind === "bad" ? "alert" : "status");
    setAttribute(node, "data-kind", nextKind || undefined);
    setText(node, next);
  };
  show(text, kind);
  return { node, show };
}

// button takes listeners and attributes beside its kind and its name for tests.
export const button = (label, { kind = "outline", testid, ...properties } = {}) =>
  el("button", { type: "button", class: kind, "data-testid": testid, ...properties }, label);

// checkable is a radio button or a checkbox with its explanation.
export function checkable(properties, title, hint) {
  const input = el("input", properties);
  const text = el("span", {}, el("strong", { dir: "auto" }, title), hint && el("small", {}, hint));
  return { input, node: el("label", { class: "checkable" }, input, text) };
}

// logo is a channel's picture, or its initials while there is none.
export function logo({ id, name, logoUrl }) {
  const node = el("span", { class: "logo", "data-tint": tint(name), "aria-hidden": "true" }, initials(name));
  if (!logoUrl) return node;
  const picture = el("img", { src: `simulator/api/channels/${encodeURIComponent(id)}/logo`, alt: "", "data-testid": "channel-logo" });
  picture.addEventListener("load", () => node.replaceChildren(picture), { once: true });
  return node;
}

// busy keeps a button from being pressed again while run is under way.
export async function busy(pressed, run) {
  pressed.disabled = true;
  try {
    return await run();
  } finally {
    pressed.disabled = false;
  }
}
