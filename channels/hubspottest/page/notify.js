// Tells of new messages: the count in the title, a chime, a note, and a sentence for screen readers. The user
// can switch all but the count off.

import { byId, later, setAttribute, setText } from "./dom.js";

export class Notifier {
  #context;
  #store;
  #button = byId("notifications");
  #audio;
  #notes = new Map(); // thread id → what closes the note about it

  constructor(context) {
    this.#context = context;
    this.#store = context.state;
    const render = later(() => this.#render());
    for (const type of ["threads", "state", "open"]) this.#store.on(type, render);
    document.addEventListener("visibilitychange", render);
    this.#store.on("incoming", (message) => this.#onIncoming(message));
    this.#store.on("open", () => this.#notes.get(this.#store.openId)?.());
    this.#button.addEventListener("click", () => this.#toggle());
  }

  get #on() {
    return !this.#store.info?.agent.muted;
  }

  #render() {
    const unread = [...this.#store.threads.values()].reduce((sum, thread) => sum + this.#store.unread(thread), 0);
    const portal = this.#store.info?.portal.name;
    const name = portal ? `Inbox – ${portal}` : "Inbox";
    document.title = unread > 0 ? `(${unread}) ${name}` : name;
    const count = byId("nav-unread");
    setText(count, unread > 99 ? "99+" : String(unread));
    setAttribute(count, "aria-label", `${unread} unread`);
    count.hidden = unread === 0;
    this.#button.setAttribute("aria-pressed", String(this.#on));
    this.#button.title = this.#on ? "Notifications of new messages are on" : "Notifications of new messages are off";
  }

  // No chime and no note for what the agent watches arrive.
  #onIncoming(message) {
    if (!this.#on) return;
    const text = `${message.senderName || "Customer"}: ${message.text?.trim().slice(0, 200) || "sent something"}`;
    const shown = this.#store.watched && message.threadId === this.#store.openId;
    if (shown) setText(byId("announce"), text);
    if (shown && document.hasFocus()) return;
    this.#chime();
    const open = () => this.#context.navigate(`#/inbox/${encodeURIComponent(message.threadId)}`);
    if (!shown) this.#note(message.threadId, text.length > 120 ? `${text.slice(0, 120)}…` : text, open);
    if (document.hidden) this.#notice(message, text, open);
  }

  // One note a thread is enough: the newest.
  #note(threadId, text, open) {
    this.#notes.get(threadId)?.();
    this.#notes.set(threadId, this.#context.toast(text, { action: { label: "Open", run: open } }));
  }

  // The browser's own notice, if the user has allowed it.
  #notice(message, text, open) {
    if (globalThis.Notification?.permission !== "granted") return;
    const notice = new Notification("New message", { body: text, tag: message.threadId, icon: "icon.svg" });
    notice.addEventListener("click", () => {
      focus();
      open();
    });
  }

  async #toggle() {
    const muted = this.#on;
    try {
      await this.#context.api.put("api/me", { muted });
      await this.#store.reload();
      if (!muted) this.#chime();
      if (!muted && globalThis.Notification?.permission === "default") await Notification.requestPermission();
    } catch (error) {
      this.#context.toast(error.message, { kind: "bad" });
    }
  }

  // A browser lets a page sound only after the reader has done something in it; until then it stays silent.
  #chime() {
    if (!navigator.userActivation?.hasBeenActive) return;
    this.#audio ??= new AudioContext();
    const start = this.#audio.currentTime;
    [[659, 0], [880, 0.12]].forEach(([frequency, delay]) => this.#tone(frequency, start + delay));
  }

  #tone(frequency, start) {
    const oscillator = new OscillatorNode(this.#audio, { frequency });
    const gain = new GainNode(this.#audio, { gain: 0 });
    gain.gain.setValueAtTime(0, start);
    gain.gain.linearRampToValueAtTime(0.08, start + 0.01);
    gain.gain.exponentialRampToValueAtTime(0.0001, start + 0.4);
    oscillator.connect(gain).connect(this.#audio.destination);
    oscillator.start(start);
    oscillator.stop(start + 0.4);
  }
}
