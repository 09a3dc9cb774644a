// The controls that the views share.

import { el, icon, setText } from "./dom.js";
import { initials, tint } from "./format.js";

let made = 0;
const newId = () => `control-${++made}`;

// field labels a control, with a help text and a place for what is wrong with it.
export function field(label, control, { help, error } = {}) {
  control.id ||= newId();
  const note = (kind, text) => text && el("p", { class: kind, id: newId() }, text);
  const notes = [note("help", help), note("error", error)].filter(Boolean);
  if (notes.length > 0) control.setAttribute("aria-describedby", notes.map(({ id }) => id).join(" "));
  if (error) control.setAttribute("aria-invalid", "true");
  return el("div", { class: "field" }, el("label", { for: control.id }, label), control, notes);
}

// toggle is a switch. onchange gets the new value; when it throws (or its promise fails) the switch goes back.
export function toggle({ label, checked = false, onchange = () => {}, disabled = false, testid }) {
  const button = el("button", {
    type: "button", class: "switch", role: "switch", "aria-checked": String(checked), "aria-label": label,
    disabled, "data-testid": testid,
  });
  button.addEventListener("click", async () => {
    const wanted = button.getAttribute("aria-checked") !== "true";
    button.setAttribute("aria-checked", String(wanted));
    try {
      await onchange(wanted);
    } catch {
      button.setAttribute("aria-checked", String(!wanted));
    }
  });
  return button;
}

export function avatar(name, { large = false, url } = {}) {
  const node = el("span", { class: large ? "avatar large" : "avatar", "data-tint": tint(name), "aria-hidden": "true" });
  if (url) node.append(el("img", { src: url, alt: "" }));
  else setText(node, initials(name));
  return node;
}

export const badge = (text, kind) => el("span", { class: "badge", "data-kind": kind }, text);

// emptyHint stands where there is nothing yet and says what to do about it.
export function emptyHint({ icon: symbol, title, text, action }) {
  return el("div", { class: "empty-hint" },
    el("span", { class: "empty-mark" }, icon(symbol)), el("h2", {}, title), text && el("p", {}, text), action);
}

// choice builds a select. options are [value, text] or {group, options}.
export function choice(options, value, properties = {}) {
  const node = el("select", properties, options.map((option) => (Array.isArray(option)
    ? new Option(option[1], option[0])
    : el("optgroup", { label: option.group }, option.options.map(([v, text]) => new Option(text, v))))));
  node.value = value ?? "";
  return node;
}

// offer changes what a select offers and keeps the choice if it is still there.
export function offer(select, options) {
  const key = JSON.stringify(options);
  if (select.dataset.offered === key) return;
  const chosen = select.value;
  select.dataset.offered = key;
  select.replaceChildren(...options.map(([value, text]) => new Option(text, value)));
  select.value = options.some(([value]) => value === chosen) ? chosen : options[0]?.[0] ?? "";
}

// menu is a button with a list of things to do under it. An item is {label, run, icon, danger, checked, testid}, a
// {heading}, or null, which is left out; items may be a function that is asked when the menu opens.
export function menu({ label, icon: symbol, text, items, className = "quiet", testid, content }) {
  const list = el("div", { class: "menu", role: "menu", popover: "auto", id: newId(), "aria-label": label });
  const button = el("button", {
    type: "button", class: className, "aria-label": text ? undefined : label, title: label, "aria-haspopup": "menu",
    "aria-expanded": "false", popovertarget: list.id, "data-testid": testid,
  }, content ?? [symbol && icon(symbol), text && el("span", {}, text)]);

  list.addEventListener("beforetoggle", ({ newState }) => {
    button.setAttribute("aria-expanded", String(newState === "open"));
    if (newState !== "open") return;
    const shown = (typeof items === "function" ? items() : items).filter(Boolean);
    list.replaceChildren(...shown.map((item) => menuItem(item, list)));
  });
  list.addEventListener("toggle", ({ newState }) => {
    if (newState !== "open") return;
    placeUnder(list, button);
    list.querySelector("button")?.focus();
  });
  list.addEventListener("keydown", walk);
  return el("span", { class: "menu-place" }, button, list);
}

function menuItem(item, list) {
  if (item.heading) return el("p", { class: "menu-heading" }, item.heading);
  const run = () => {
    list.hidePopover();
    item.run();
  };
  return el("button", {
    type: "button", role: item.checked === undefined ? "menuitem" : "menuitemcheckbox",
    "aria-checked": item.checked === undefined ? undefined : String(item.checked),
    class: item.danger ? "menu-item danger-text" : "menu-item", onclick: run, "data-testid": item.testid,
  }, icon(item.checked ? "check" : item.icon ?? "blank"), el("span", { dir: "auto" }, item.label),
  item.note && el("span", { class: "note" }, item.note));
}

function placeUnder(list, button) {
  const at = button.getBoundingClientRect();
  const { offsetWidth, offsetHeight } = list;
  const left = Math.min(at.left, innerWidth - offsetWidth - 8);
  const below = at.bottom + 4 + offsetHeight < innerHeight;
  list.style.left = `${Math.max(8, left)}px`;
  list.style.top = `${below ? at.bottom + 4 : Math.max(8, at.top - offsetHeight - 4)}px`;
}

function walk(event) {
  const buttons = [...event.currentTarget.querySelectorAll("button")];
  const at = buttons.indexOf(document.activeElement);
  const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: buttons.length - 1 }[event.key];
  if (next === undefined) return;
  event.preventDefault();
  buttons.at(next % buttons.length)?.focus();
}
