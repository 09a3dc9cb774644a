// Tells of new messages: the count in the title, a chime, and a sentence for screen readers.

import { byId, setText } from "./dom.js";

const SETTING = "simulator-chime";

export class Notifier {
  #store;
  #button = byId("sound");
  #on = remembered();
  #audio;

  constructor(store) {
    this.#store = store;
    for (const type of ["threads", "state", "open"]) store.addEventListener(type, () => this.#renderTitle());
    document.addEventListener("visibilitychange", () => this.#renderTitle());
    store.addEventListener("incoming", ({ detail }) => this.#onIncoming(detail));
    this.#button.addEventListener("click", () => this.#toggle());
    this.#renderButton();
  }

  #renderTitle() {
    const unread = [...this.#store.threads.values()].reduce((sum, thread) => sum + this.#store.unread(thread), 0);
    const portal = this.#store.info?.portal?.name;
    setText(byId("portal-name"), portal ?? "");
    const name = portal ? `Inbox – ${portal}` : "Inbox";
    document.title = unread > 0 ? `(${unread}) ${name}` : name;
  }

  // No chime for what the agent watches arrive.
  #onIncoming(message) {
    const words = message.text?.slice(0, 200) || "sent something";
    setText(byId("announce"), `${message.senderName || "Customer"}: ${words}`);
    const watched = message.threadId === this.#store.openId && document.hasFocus();
    if (this.#on && !watched) this.#chime();
  }

  #toggle() {
    this.#on = !this.#on;
    remember(this.#on);
    this.#renderButton();
    if (this.#on) this.#chime();
  }

  #renderButton() {
    this.#button.setAttribute("aria-pressed", String(this.#on));
  }

  // A browser lets a page sound only after the reader has done something in it; until then it stays silent.
  #chime() {
    if (!navigator.userActivation?.hasBeenActive) return;
    this.#audio ??= new AudioContext();
    const start = this.#audio.currentTime;
    [[659, 0], [880, 0.12]].forEach(([frequency, delay]) => this.#note(frequency, start + delay));
  }

  #note(frequency, start) {
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

// Storage may be forbidden; then the setting lasts as long as the page.
function remembered() {
  try {
    return localStorage.getItem(SETTING) !== "off";
  } catch {
    return true;
  }
}

function remember(on) {
  try {
    localStorage.setItem(SETTING, on ? "on" : "off");
  } catch {
    // Nothing depends on it.
  }
}
