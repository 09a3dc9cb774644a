// The simulator's endpoints for this page. Addresses are relative to the page, so that the simulator may
// be mounted anywhere. Every failure is an Error whose message can be shown as it is.

const SIMULATOR = "simulator/";

export const eventsUrl = `${SIMULATOR}events`;

export const getState = () => call("api/state");
export const getThread = (id) => call(threadPath(id));
export const setThreadStatus = (id, status) => call(`${threadPath(id)}/status`, json({ status }));
export const connect = () => call("api/connect", { method: "POST" });
export const getJournal = () => call("journal?limit=500");
export const clearJournal = () => call("journal", { method: "DELETE" });

export function reply(id, { text, files }) {
  const body = new FormData();
  body.append("text", text);
  for (const file of files) body.append("files", file, file.name);
  return call(`${threadPath(id)}/reply`, { method: "POST", body });
}

const threadPath = (id) => `api/threads/${encodeURIComponent(id)}`;

const json = (value) => ({
  method: "POST",
  headers: { "Content-Type": "application/json" },
  body: JSON.stringify(value),
});

async function call(path, options) {
  const { response, body } = await exchange(path, options);
  if (response.ok) return parse(body);
  const error = new Error(parse(body)?.message || `The simulator answered with status ${response.status}.`);
  error.status = response.status;
  throw error;
}

async function exchange(path, options) {
  try {
    const response = await fetch(SIMULATOR + path, { cache: "no-store", ...options });
    return { response, body: await response.text() };
  } catch {
    throw new Error("The simulator does not answer. Is it still running?");
  }
}

function parse(body) {
  try {
    return body ? JSON.parse(body) : undefined;
  } catch {
    return undefined;
  }
}
