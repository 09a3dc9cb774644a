// One message of the conversation.

import { el, setAttribute, setText } from "./dom.js";
import { dayName, fullTime, timeOfDay } from "./format.js";
import { attachmentNode } from "./attachments.js";

const STATUS_WORDS = { SENDING: "Sending", SENT: "Sent", READ: "Read", FAILED: "Failed" };
const RUN_MS = 5 * 60_000; // neighbours within this time share one head

export function messageView() {
  const sender = el("span", { class: "sender", dir: "auto" });
  const time = el("time", { class: "message-time" });
  const text = el("div", { class: "text", dir: "auto", "data-testid": "text" });
  const attachments = el("div", { class: "attachments" });
  const status = el("p", { class: "status", "data-testid": "status" });
  const node = el("li", { class: "message", "data-testid": "message" },
    el("p", { class: "message-head" }, sender, time),
    el("div", { class: "bubble" }, attachments, text), status);
  let shown = {};

  return {
    node,
    update(message, index, messages) {
      place(node, message, messages[index - 1]);
      if (shown === message) return;
      // A change of status must not stop a player or reload an image.
      if (!same(shown.attachments, message.attachments)) {
        attachments.replaceChildren(...(message.attachments ?? []).map(attachmentNode));
      }
      shown = message;
      setText(sender, message.senderName || (message.direction === "OUTGOING" ? "Agent" : "Customer"));
      setText(time, timeOfDay(message.createdAt));
      setAttribute(time, "datetime", message.createdAt);
      time.title = fullTime(message.createdAt);
      showText(text, message.text ?? "");
      // A message of files only has a blank text, for HubSpot wants one.
      text.classList.toggle("blank", !message.text?.trim() && message.attachments?.length > 0);
      showStatus(node, status, message);
    },
  };
}

// place marks the first message of a day and of a run by one sender; CSS shows the mark, so that the
// list's children are messages and nothing else.
function place(node, message, previous) {
  const day = dayName(message.createdAt);
  const newDay = !previous || dayName(previous.createdAt) !== day;
  const newRun = newDay || previous.direction !== message.direction || previous.senderName !== message.senderName
    || Date.parse(message.createdAt) - Date.parse(previous.createdAt) > RUN_MS;
  setAttribute(node, "data-day", newDay && day);
  setAttribute(node, "data-run", newRun ? "first" : "next");
}

// showText turns web addresses into links. The text content stays exactly the message's text.
function showText(node, text) {
  if (node.textContent === text) return;
  const parts = [];
  let end = 0;
  for (const match of text.matchAll(/\bhttps?:\/\/[^\s<>"]+/giu)) {
    const address = match[0].replace(/[.,;:!?'"()\]}]+$/u, "");
    parts.push(text.slice(end, match.index));
    parts.push(el("a", { href: address, target: "_blank", rel: "noopener noreferrer nofollow" }, address));
    end = match.index + address.length;
  }
  node.replaceChildren(...parts, text.slice(end));
}

const same = (a, b) => JSON.stringify(a ?? []) === JSON.stringify(b ?? []);

function showStatus(node, line, message) {
  const status = message.direction === "OUTGOING" ? message.status ?? "" : "";
  node.dataset.id = message.id;
  node.dataset.direction = message.direction;
  node.dataset.status = status;
  const word = STATUS_WORDS[status] ?? status;
  setText(line, status === "FAILED" && message.reason ? `${word}: ${message.reason}` : word);
}
