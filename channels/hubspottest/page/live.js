// The event stream, and the note that says when it is down.

import { eventsUrl } from "./api.js";

const RETRY_MS = 2000;

// listen keeps the store up to date. Nothing is known about the time without a stream, so every hello
// (the server's first event on a new stream) calls onHello to fetch everything again.
export function listen(store, { note, onHello, onState }) {
  let stream;

  const start = () => {
    stream = new EventSource(eventsUrl);
    stream.addEventListener("open", () => { note.textContent = ""; });
    stream.addEventListener("error", onError);
    stream.addEventListener("hello", onHello);
    stream.addEventListener("state", onState);
    stream.addEventListener("thread", ({ data }) => store.applyThread(JSON.parse(data)));
    stream.addEventListener("message", ({ data }) => store.applyMessage(JSON.parse(data)));
  };

  // A browser retries a broken stream by itself but gives up on one that was answered with an error.
  const onError = () => {
    note.textContent = "Reconnecting…";
    if (stream.readyState !== EventSource.CLOSED) return;
    stream.close();
    setTimeout(start, RETRY_MS);
  };

  start();
}
