// What agents write: a reply that goes out over a channel, or a comment that stays among them. Each thread has its
// own draft of both.

import { byId, KeyedList, later, setText } from "../dom.js";
import { plainEditor, richEditor } from "./editor.js";
import { acceptDrops, chipView, fileProblems } from "./files.js";
import { openInsert } from "./insert.js";
import { Outlets } from "./outlets.js";
import { editLink, editorTools } from "./tools.js";

const COMMENT_FEATURES = ["BOLD", "ITALIC", "UNDERLINE", "HYPERLINK", "LISTS"];
const MODES = ["reply", "comment"];
const newPart = () => ({ text: "", html: "", files: [], via: undefined, to: undefined });

export class Composer {
  #context;
  #store;
  #onSend;
  #form = byId("composer");
  #problem = byId("composer-problem");
  #sendButton = byId("send");
  #outlets = new Outlets(() => this.#onOutlet());
  #drafts = new Map(); // thread id → {mode, reply, comment}
  #threadId;
  #editor;
  #editorKey = ""; // what the editor was made for
  #tools;
  #chips = new KeyedList(byId("chips"), (chosen) => chipView(chosen, (id) => this.#remove(id)));
  #chosen = 0;
  #focusWanted = false;
  #showProblems = later(() => this.#renderProblems());

  constructor(context, onSend) {
    this.#context = context;
    this.#store = context.state;
    this.#onSend = onSend;
    this.#store.on("open", () => this.#leave());
    this.#store.on("about", () => this.#enter());
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#send();
    });
    this.#form.addEventListener("keydown", (event) => this.#onKey(event));
    this.#form.addEventListener("paste", (event) => this.#onPaste(event));
    for (const mode of MODES) byId(`tab-${mode}`).addEventListener("click", () => this.start(mode));
    acceptDrops(byId("conversation"), (files) => this.#attach(files));
    if (/Mac|iP(hone|ad)/.test(navigator.platform)) setText(byId("reply-hint").firstElementChild, "⌘");
  }

  // focusSoon puts the cursor into the editor once the thread is there, unless the reader is at something else. On a
  // touch screen that would bring up the keyboard over the conversation.
  focusSoon() {
    this.#focusWanted = !matchMedia("(pointer: coarse)").matches;
    if (this.#editor) this.#focusIfWanted();
  }

  // start begins a reply or a comment.
  start(mode) {
    if (!this.#threadId) return;
    this.#keep();
    this.#draft.mode = mode;
    this.#show();
    this.#editor.focus();
  }

  // restore puts back what could not be sent, before what is being written now.
  restore({ comment, text, richText, files }) {
    this.start(comment ? "comment" : "reply");
    const now = this.#editor.content();
    const html = richText === undefined ? undefined : richText + (now.html ?? "");
    this.#editor.setContent({ text: [text, now.text].filter(Boolean).join("\n"), html });
    this.#attach(files);
    this.#editor.focus();
  }

  // writeAgain takes a message that failed as the draft of a new one, with its files.
  async writeAgain({ text, richText, attachments = [] }) {
    this.restore({ comment: false, text, richText, files: [] });
    const threadId = this.#threadId;
    try {
      const files = await Promise.all(attachments.filter(({ url }) => url).map(fetchFile));
      if (threadId === this.#threadId) this.#attach(files);
    } catch {
      this.#context.toast("The files of that message could not be fetched: attach them again.", { kind: "bad" });
    }
  }

  get #draft() {
    if (!this.#drafts.has(this.#threadId)) {
      this.#drafts.set(this.#threadId, { mode: "reply", reply: newPart(), comment: newPart() });
    }
    return this.#drafts.get(this.#threadId);
  }

  get #part() {
    return this.#draft[this.#draft.mode];
  }

  get #commenting() {
    return this.#draft.mode === "comment";
  }

  // keep takes what is being written into the draft.
  #keep() {
    if (!this.#threadId || !this.#editor) return;
    Object.assign(this.#part, this.#editor.content(), this.#commenting ? {} : this.#outlets.choice);
  }

  #leave() {
    this.#keep();
    this.#threadId = undefined;
    this.#editor = undefined;
    this.#editorKey = "";
    this.#form.hidden = true;
  }

  #enter() {
    const outlets = this.#store.about?.outlets;
    if (!outlets) return;
    const first = this.#threadId === undefined;
    this.#threadId = this.#store.openId;
    if (!first) this.#keep();
    this.#outlets.offer(outlets, this.#draft.reply);
    this.#form.hidden = false;
    this.#show();
    this.#focusIfWanted();
  }

  #focusIfWanted() {
    const active = document.activeElement;
    const atRest = !active || active === document.body || active.matches("[data-thread-id], a");
    if (this.#focusWanted && atRest) this.#editor.focus();
    this.#focusWanted = false;
  }

  #onOutlet() {
    this.#keep();
    this.#show();
  }

  // show brings the editor that fits the thread, the mode and the channel. One that fits already stays as it is, for
  // somebody may be typing in it.
  #show() {
    const { mode } = this.#draft;
    this.#form.dataset.mode = mode;
    for (const other of MODES) {
      byId(`tab-${other}`).setAttribute("aria-selected", String(other === mode));
      byId(`tab-${other}`).tabIndex = other === mode ? 0 : -1;
    }
    byId("composer-panel").setAttribute("aria-labelledby", `tab-${mode}`);
    byId("outlets").hidden = this.#commenting;
    setText(this.#sendButton.querySelector("span"), this.#commenting ? "Comment" : "Send");
    const outlet = this.#outlets.chosen;
    const features = this.#commenting ? COMMENT_FEATURES : [...outlet.richText, ...(outlet.pictures ? ["PICTURES"] : [])];
    const key = JSON.stringify([this.#threadId, mode, features, outlet.files]);
    if (key !== this.#editorKey) this.#make(features, outlet);
    this.#editorKey = key;
    this.#renderFiles();
  }

  #make(features, outlet) {
    const options = {
      label: this.#commenting ? "Comment" : "Reply",
      placeholder: this.#commenting ? "Write a comment: only agents will see it" : "Write a reply",
      features,
      onInput: this.#showProblems,
      onSelect: () => this.#tools?.update(),
      onFiles: (files) => this.#attach(files),
    };
    this.#editor = features.length > 0 ? richEditor(options) : plainEditor(options);
    this.#tools = editorTools(this.#editor, {
      features, comment: this.#commenting, takesFiles: outlet.files, takesPictures: outlet.pictures,
      onFiles: (files) => {
        this.#attach(files);
        this.#editor.focus();
      },
      onPictures: (files) => this.#addPictures(files),
      onInsert: () => openInsert(this.#context, (insert) => this.#editor.insert(insert), () => this.#editor.focus()),
    });
    byId("editor").replaceChildren(this.#editor.node);
    byId("tools").replaceChildren(...this.#tools.nodes);
    this.#editor.setContent(this.#part);
  }

  #onKey(event) {
    const command = event.ctrlKey || event.metaKey;
    // Enter while a character is being composed (Chinese, Japanese, Korean) chooses the character.
    if (event.key === "Enter" && command && !event.isComposing) {
      event.preventDefault();
      this.#send();
    } else if (event.key.toLowerCase() === "k" && command && this.#editor.link) {
      event.preventDefault();
      editLink(this.#editor);
    } else if (event.target.role === "tab" && ["ArrowLeft", "ArrowRight"].includes(event.key)) {
      this.start(this.#commenting ? "reply" : "comment");
      byId(`tab-${this.#draft.mode}`).focus();
    }
  }

  #onPaste(event) {
    if (event.defaultPrevented || event.clipboardData.files.length === 0) return;
    event.preventDefault();
    this.#attach(event.clipboardData.files);
  }

  #send() {
    if (!this.#threadId) return;
    const { text, html } = this.#editor.content();
    const { files } = this.#part;
    if (this.#editor.empty && files.length === 0) return;
    if (this.#problems().length > 0) {
      this.#renderProblems();
      return;
    }
    const way = this.#commenting ? {} : this.#outlets.choice;
    this.#onSend(this.#threadId, {
      comment: this.#commenting, text, richText: html, files: files.map(({ file }) => file), ...way,
    });
    Object.assign(this.#part, newPart(), way);
    this.#editor.setContent(this.#part);
    this.#renderFiles();
    this.#editor.focus();
  }

  // A picture goes into the text where the channel has a place for it there, else it is attached.
  async #addPictures(files) {
    if (!this.#outlets.chosen.pictures || !this.#editor.insertPicture) {
      this.#attach(files);
      return;
    }
    const editor = this.#editor;
    try {
      for (const file of files) {
        editor.insertPicture({ ...await this.#context.api.form("api/pictures", { file }), name: file.name });
      }
    } catch (error) {
      this.#context.toast(error.message, { kind: "bad" });
    }
  }

  #attach(files) {
    if (this.#commenting && files.length > 0) this.start("reply"); // comments have no files
    this.#part.files = [...this.#part.files, ...[...files].map((file) => ({ id: ++this.#chosen, file }))];
    this.#renderFiles();
  }

  #remove(id) {
    this.#part.files = this.#part.files.filter((chosen) => chosen.id !== id);
    this.#renderFiles();
    this.#editor.focus();
  }

  #problems() {
    if (this.#commenting) return [];
    const { problem, chosen } = this.#outlets;
    return [problem && { text: problem }, ...fileProblems(chosen, this.#part.files)].filter(Boolean);
  }

  #renderFiles() {
    const bad = new Set(this.#problems().map(({ id }) => id));
    this.#chips.show(this.#part.files.map((chosen) => ({ ...chosen, bad: bad.has(chosen.id) })));
    this.#renderProblems();
  }

  #renderProblems() {
    if (!this.#threadId) return;
    const problems = this.#problems();
    setText(this.#problem, problems.map(({ text }) => text).join(" "));
    this.#sendButton.disabled = problems.length > 0;
  }
}

async function fetchFile({ url, name, contentType }) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(response.statusText);
  return new File([await response.blob()], name || "file", { type: contentType });
}
