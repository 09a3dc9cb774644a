// The event stream, and the note that says when it is down.

import { address } from "./api.js";

const RETRY_MS = 2000;
const TYPES = ["hello", "state", "thread", "message", "change", "connection"];

// Live hands out the simulator's events. Nothing is known about the time without a stream, so every hello
// (the first event on a new stream) means: fetch again what matters.
export class Live {
  #listeners = new Map(TYPES.map((type) => [type, new Set()]));
  #note;
  #stream;

  constructor(note) {
    this.#note = note;
  }

  // on calls listener with the data of each event of a type, and returns what ends that.
  on(type, listener) {
    const listeners = this.#listeners.get(type);
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  start() {
    this.#stream = new EventSource(address("events"));
    this.#stream.addEventListener("open", () => { this.#note.textContent = ""; });
    this.#stream.addEventListener("error", () => this.#onError());
    for (const [type, listeners] of this.#listeners) {
      this.#stream.addEventListener(type, ({ data }) => {
        const value = JSON.parse(data);
        for (const listener of listeners) listener(value);
      });
    }
  }

  // A browser retries a broken stream by itself but gives up on one that was answered with an error.
  #onError() {
    this.#note.textContent = "Reconnecting…";
    if (this.#stream.readyState !== EventSource.CLOSED) return;
    this.#stream.close();
    setTimeout(() => this.start(), RETRY_MS);
  }
}
