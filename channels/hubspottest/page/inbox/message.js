// One entry of the conversation: a message, a comment among agents, or something that was done.

import { el, icon, setAttribute, setText } from "../dom.js";
import { dayName, fullTime, timeOfDay } from "../format.js";
import { attachmentNode } from "./attachments.js";
import { render } from "./richtext.js";

const STATUS_WORDS = { SENDING: "Sending", SENT: "Sent", READ: "Read", FAILED: "Failed" };
const RUN_MS = 5 * 60_000; // neighbours within this time share one head

// entryView makes the view of an entry. find(id) returns another message, show(id) scrolls to it, again(message) puts one
// that failed into the editor, way(message) and describe(change) are words about it.
export function entryView({ find, show, again, way, describe }) {
  return (entry) => (entry.kind === "change" ? changeView(describe) : messageView({ find, show, again, way }));
}

function messageView({ find, show, again, way }) {
  const sender = el("span", { class: "sender", dir: "auto" });
  const note = el("span", { class: "message-note" });
  const time = el("time", { class: "message-time" });
  const answered = el("button", { type: "button", class: "answered", hidden: true, onclick: () => show(shown.inReplyToId) });
  const text = el("div", { class: "text", dir: "auto", "data-testid": "text" });
  const attachments = el("div", { class: "attachments" });
  const status = el("p", { class: "status", "data-testid": "status" });
  const bubble = el("div", { class: "bubble" }, answered, attachments, text);
  const node = el("li", { class: "message" }, el("p", { class: "message-head" }, sender, note, time), bubble, status);
  let shown = {};

  return {
    node,
    update(message, index, entries) {
      place(node, message, entries[index - 1]);
      if (shown === message) return;
      // A change of status must not stop a player or reload an image.
      if (!same(shown.attachments, message.attachments)) {
        attachments.replaceChildren(...(message.attachments ?? []).map(attachmentNode));
      }
      const comment = message.type === "COMMENT";
      node.dataset.testid = comment ? "comment" : "message";
      node.dataset.id = message.id;
      node.dataset.direction = comment ? "NOTE" : message.direction;
      setText(sender, message.senderName || (message.direction === "INCOMING" ? "Customer" : "Agent"));
      setText(note, comment ? "Comment, only agents see it" : way(message));
      setText(time, timeOfDay(message.createdAt));
      setAttribute(time, "datetime", message.createdAt);
      time.title = fullTime(message.createdAt);
      if (shown.text !== message.text || shown.richText !== message.richText) showContent(text, bubble, message);
      // A message of files only has a blank text, for HubSpot wants one.
      text.classList.toggle("blank", !text.textContent.trim() && !text.querySelector("img") && message.attachments?.length > 0);
      setAttribute(bubble, "data-bare", isSticker(message));
      showAnswered(answered, message.inReplyToId && find(message.inReplyToId));
      showStatus(node, status, message);
      if (message.status === "FAILED" && shown.status !== "FAILED") node.append(againButton(() => again(shown)));
      shown = message;
    },
  };
}

// place marks the first message of a day and of a run by one sender; CSS shows the mark, so that the
// list's children are entries and nothing else.
function place(node, entry, previous) {
  const day = dayName(entry.createdAt);
  const newDay = !previous || dayName(previous.createdAt) !== day;
  const newRun = newDay || previous.kind === "change" || previous.type !== entry.type || previous.direction !== entry.direction
    || previous.senderName !== entry.senderName || previous.accountId !== entry.accountId || entry.at - previous.at > RUN_MS;
  setAttribute(node, "data-day", newDay && day);
  setAttribute(node, "data-run", newRun ? "first" : "next");
}

function showContent(node, bubble, { text = "", richText }) {
  if (richText) {
    const { content, coloured } = render(richText);
    node.replaceChildren(content);
    setAttribute(bubble, "data-paper", coloured);
    setAttribute(node, "data-rich", true);
    return;
  }
  setAttribute(bubble, "data-paper", false);
  setAttribute(node, "data-rich", false);
  showText(node, text);
}

// showText turns web addresses into links. The text content stays exactly the message's text.
function showText(node, text) {
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

function showAnswered(node, message) {
  node.hidden = !message;
  if (!message) return;
  const name = message.attachments?.find((attachment) => attachment.name)?.name;
  node.replaceChildren(icon("reply"), el("span", {}, el("b", { dir: "auto" }, message.senderName || "Customer"), " ",
    el("span", { dir: "auto" }, message.text?.trim().slice(0, 140) || name || "a message")));
  node.setAttribute("aria-label", `In reply to ${message.senderName || "the customer"}. Show that message.`);
}

const isSticker = ({ text, attachments = [] }) =>
  !text?.trim() && attachments.length > 0 && attachments.every(({ usage }) => usage === "STICKER");

const same = (a, b) => JSON.stringify(a ?? []) === JSON.stringify(b ?? []);

function showStatus(node, line, message) {
  const status = message.direction === "OUTGOING" ? message.status ?? "" : "";
  node.dataset.status = status;
  const word = STATUS_WORDS[status] ?? status;
  setText(line, status === "FAILED" ? failure(message.reason) : word);
}

// failure says why, and what an agent can do about it.
function failure(reason) {
  const sentence = `Failed: ${reason?.trim() || "the channel did not say why"}`;
  return `${/[.!?]$/.test(sentence) ? sentence : `${sentence}.`} Change it or choose another channel, and send it again.`;
}

const againButton = (run) => el("p", { class: "retry" },
  el("button", { type: "button", class: "outline small", "data-testid": "write-again", onclick: run },
    icon("reply"), el("span", {}, "Write again")));

function changeView(describe) {
  const text = el("span", { dir: "auto" });
  const time = el("time");
  const node = el("li", { class: "change", "data-testid": "change" }, text, time);
  return {
    node,
    update(change, index, entries) {
      place(node, change, entries[index - 1]);
      setText(text, describe(change));
      setText(time, timeOfDay(change.createdAt));
      setAttribute(time, "datetime", change.createdAt);
      time.title = fullTime(change.createdAt);
    },
  };
}
