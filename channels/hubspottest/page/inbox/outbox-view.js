// How a reply or comment looks that is not with the simulator yet.

import { el, setText } from "../dom.js";
import { render } from "./richtext.js";

// outboxView shows one that waits, is being sent, or failed.
export function outboxView({ onRetry, onEdit }) {
  const text = el("div", { class: "text", dir: "auto" });
  const files = el("div", { class: "outbox-files" });
  const status = el("p", { class: "status", "data-testid": "outbox-status" });
  const actions = el("p", { class: "outbox-actions" },
    el("button", { type: "button", class: "outline small", onclick: () => onRetry(shown) }, "Try again"),
    el("button", { type: "button", class: "outline small", onclick: () => onEdit(shown) }, "Edit"));
  const node = el("li", { class: "message", "data-run": "next" },
    el("div", { class: "bubble" }, files, text), status, actions);
  let shown;

  return {
    node,
    update(item, index, items) {
      if (shown !== item) {
        if (item.richText) text.replaceChildren(render(item.richText).content);
        else setText(text, item.text);
        setText(files, item.files.map((file) => file.name).join(", "));
      }
      shown = item;
      const waiting = index > 0 && items[0].failed;
      node.dataset.direction = item.comment ? "NOTE" : "OUTGOING";
      node.dataset.status = item.failed ? "FAILED" : "SENDING";
      setText(status, item.failed ? `Not sent: ${item.failed}` : waiting ? "Waiting" : "Sending");
      actions.hidden = !item.failed;
    },
  };
}
