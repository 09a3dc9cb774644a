// Dialogs: a title, what it is about, and what can be done.

import { el, icon, setText } from "./dom.js";

// openDialog shows a modal dialog and returns {close, node, fail}. An action is {label, kind, run, testid}: run may
// be asynchronous; the dialog closes when it ends, unless it returns false or throws, whose message is shown. The
// first action of kind "primary" or "danger" is what Enter in a field does.
export function openDialog({ title, body, actions = [], onClose = () => {}, wide = false, testid }) {
  const error = el("p", { class: "error-note", role: "alert" });
  const buttons = actions.map((action) => actionButton(action, perform));
  const main = buttons[actions.findIndex(({ kind }) => kind === "primary" || kind === "danger")];
  const heading = el("h2", { tabindex: "-1" }, title);
  const node = el("dialog", { class: wide ? "dialog wide" : "dialog", "data-testid": testid, onclose: onClosed },
    el("form", { novalidate: true, onsubmit: onSubmit, oninput: () => fail("") },
      el("header", {}, heading,
        el("button", { type: "button", class: "quiet", "aria-label": "Close", onclick: close }, icon("cross"))),
      el("div", { class: "dialog-body" }, body),
      error,
      buttons.length > 0 && el("footer", {}, buttons)));
  node.setAttribute("aria-label", title);

  function onSubmit(event) {
    event.preventDefault();
    main?.click();
  }

  async function perform(action) {
    fail("");
    for (const button of buttons) button.disabled = true;
    try {
      if (await action.run?.() !== false) close();
    } catch (failure) {
      fail(failure.message);
    } finally {
      for (const button of buttons) button.disabled = false;
    }
  }

  function fail(message) {
    setText(error, message);
  }

  function close() {
    node.close();
  }

  function onClosed() {
    node.remove();
    onClose();
  }

  document.body.append(node);
  node.showModal();
  (node.querySelector("[autofocus], .dialog-body :is(input, select, textarea)") ?? main ?? heading).focus();
  return { close, node, fail };
}

function actionButton(action, perform) {
  return el("button", {
    type: "button", class: action.kind ?? "outline", "data-testid": action.testid, onclick: () => perform(action),
  }, action.label);
}

// confirm asks before something that cannot be taken back easily, and resolves to the answer.
export function confirm({ title, text, action, danger = false }) {
  return new Promise((resolve) => {
    let answer = false;
    openDialog({
      title,
      body: typeof text === "string" ? el("p", {}, text) : text,
      actions: [
        { label: "Cancel", testid: "confirm-no" },
        { label: action, kind: danger ? "danger" : "primary", testid: "confirm-yes", run: () => { answer = true; } },
      ],
      onClose: () => resolve(answer),
    });
  });
}
