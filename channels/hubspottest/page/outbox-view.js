// How a reply looks that is not with the simulator yet.

import { el, setText } from "./dom.js";

// outboxView shows one reply that waits, is being sent, or failed.
export function outboxView({ onRetry, onEdit }) {
  const text = el("div", { class: "text", dir: "auto" });
  const files = el("div", { class: "outbox-files" });
  const status = el("p", { class: "status" });
  const actions = el("p", { class: "outbox-actions" },
    el("button", { type: "button", class: "outline", onclick: () => onRetry(shown) }, "Try again"),
    el("button", { type: "button", class: "outline", onclick: () => onEdit(shown) }, "Edit"));
  const node = el("li", { class: "message", "data-direction": "OUTGOING", "data-run": "next" },
    el("div", { class: "bubble" }, files, text), status, actions);
  let shown;

  return {
    node,
    update(item, index, items) {
      shown = item;
      const waiting = index > 0 && items[0].failed;
      node.dataset.status = item.failed ? "FAILED" : "SENDING";
      setText(text, item.text);
      setText(files, item.files.map((file) => file.name).join(", "));
      setText(status, item.failed ? `Not sent: ${item.failed}` : waiting ? "Waiting" : "Sending");
      actions.hidden = !item.failed;
    },
  };
}
