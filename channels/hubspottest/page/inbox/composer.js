// The reply box: text, files by button, paste or drop, and one draft per thread.

import { byId, el, icon, KeyedList } from "./dom.js";
import { fileSize } from "./format.js";

export class Composer {
  #store;
  #onSend;
  #drafts = new Map(); // thread id → {text, files}
  #threadId;
  #input = byId("reply");
  #chips = new KeyedList(byId("chips"), (chosen) => this.#chipView(chosen));
  #chosen = 0;

  constructor(store, onSend) {
    this.#store = store;
    this.#onSend = onSend;
    store.addEventListener("open", () => this.#show());
    byId("composer").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#send();
    });
    this.#input.addEventListener("keydown", (event) => this.#onKey(event));
    this.#input.addEventListener("input", () => this.#fit());
    this.#input.addEventListener("paste", (event) => this.#onPaste(event));
    byId("files").addEventListener("change", ({ target }) => {
      this.#attach(target.files);
      target.value = ""; // the same file may be chosen again
      this.#input.focus();
    });
    acceptDrops(byId("conversation"), (files) => this.#attach(files));
  }

  focus() {
    this.#input.focus();
  }

  // restore puts a reply that was not sent back, before what is being written now.
  restore({ text, files }) {
    this.#input.value = [text, this.#input.value].filter(Boolean).join("\n");
    this.#attach(files);
    this.#fit();
    this.focus();
  }

  get #draft() {
    if (!this.#drafts.has(this.#threadId)) this.#drafts.set(this.#threadId, { text: "", files: [] });
    return this.#drafts.get(this.#threadId);
  }

  #show() {
    if (this.#threadId) this.#draft.text = this.#input.value;
    this.#threadId = this.#store.openId;
    this.#input.value = this.#threadId ? this.#draft.text : "";
    this.#fit();
    this.#showFiles();
  }

  // Enter in the middle of composing a character (Chinese, Japanese, Korean) chooses the character.
  #onKey(event) {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    this.#send();
  }

  #onPaste(event) {
    if (event.clipboardData.files.length === 0) return;
    event.preventDefault();
    this.#attach(event.clipboardData.files);
  }

  #send() {
    const text = this.#input.value;
    const { files } = this.#draft;
    if (!this.#threadId || (text.trim() === "" && files.length === 0)) return;
    this.#onSend(this.#threadId, { text, files: files.map((chosen) => chosen.file) });
    this.#input.value = "";
    this.#draft.files = [];
    this.#fit();
    this.#showFiles();
  }

  #attach(files) {
    this.#draft.files = [...this.#draft.files, ...[...files].map((file) => ({ id: ++this.#chosen, file }))];
    this.#showFiles();
  }

  #showFiles() {
    this.#chips.show(this.#threadId ? this.#draft.files : []);
  }

  #chipView({ id, file }) {
    const remove = () => {
      this.#draft.files = this.#draft.files.filter((chosen) => chosen.id !== id);
      this.#showFiles();
      this.focus();
    };
    const node = el("li", { class: "chip" }, thumbnail(file),
      el("span", { class: "file-name", dir: "auto" }, file.name),
      el("span", { class: "file-size" }, fileSize(file.size)),
      el("button", { type: "button", class: "quiet", "aria-label": `Remove ${file.name}`, onclick: remove }, icon("cross")));
    return { node, update() {} };
  }

  // fit is for browsers whose text areas cannot grow by CSS (field-sizing).
  #fit() {
    if (CSS.supports("field-sizing", "content")) return;
    this.#input.style.height = "auto";
    this.#input.style.height = `${this.#input.scrollHeight + 2}px`;
  }
}

function thumbnail(file) {
  if (!file.type.startsWith("image/")) return icon("file");
  const url = URL.createObjectURL(file);
  const image = el("img", { src: url, alt: "" });
  for (const type of ["load", "error"]) image.addEventListener(type, () => URL.revokeObjectURL(url), { once: true });
  return image;
}

// acceptDrops marks the target while files hang over it. Enter and leave come for every child, so they
// are counted.
function acceptDrops(target, onFiles) {
  let depth = 0;
  const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
  const mark = () => target.classList.toggle("dropping", depth > 0);
  target.addEventListener("dragenter", (event) => {
    if (!hasFiles(event)) return;
    depth++;
    mark();
  });
  target.addEventListener("dragleave", (event) => {
    if (!hasFiles(event)) return;
    depth = Math.max(0, depth - 1);
    mark();
  });
  target.addEventListener("dragover", (event) => { if (hasFiles(event)) event.preventDefault(); });
  target.addEventListener("drop", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    depth = 0;
    mark();
    onFiles(event.dataTransfer.files);
  });
}
