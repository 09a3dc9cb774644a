// The outbox holds what the customer sent until the server has it. Each message carries an id made here, by which the
// server tells repeats apart, so it can be tried as often as needed. Texts survive a reload of the page in
// localStorage; files are too large for that and live as long as the page.

const prefix = 'webchat.outbox.'
const refused = [400, 403, 413, 415] // trying again would not help
const firstWait = 250, longestWait = 2000 // milliseconds

export class Outbox {
  #queue = []
  #sending = false
  #wake = () => {}
  #lastTime = 0

  // on.sent(id), on.failed(id, reason) and on.stranger(), called when the server does not know this browser.
  constructor(on) { this.on = on }

  // restore takes up what an earlier page could not send, and returns it.
  restore() {
    for (const key of storedKeys()) {
      try {
        this.#queue.push({...JSON.parse(localStorage.getItem(key)), key, files: []})
      } catch {
        localStorage.removeItem(key)
      }
    }
    return [...this.#queue]
  }

  get holdsFiles() { return this.#queue.some(entry => entry.files.length > 0) }

  // add queues a message and returns it.
  add(text, files) {
    this.#lastTime = Math.max(Date.now(), this.#lastTime + 1) // sorts as it was written
    const entry = {id: randomId(), text, files, time: new Date().toISOString()}
    entry.key = prefix + this.#lastTime + '.' + entry.id
    this.#queue.push(entry)
    if (files.length === 0) {
      try {
        localStorage.setItem(entry.key, JSON.stringify({id: entry.id, text, time: entry.time}))
      } catch { /* full or forbidden: then it lives as long as the page */ }
    }
    return entry
  }

  // drop forgets a message that is known to have arrived.
  drop(id) {
    const at = this.#queue.findIndex(entry => entry.id === id)
    if (at < 0) return
    localStorage.removeItem(this.#queue[at].key)
    this.#queue.splice(at, 1)
  }

  // send tries now, and goes on until all is sent.
  async send() {
    this.#wake()
    if (this.#sending) return
    this.#sending = true
    let wait = firstWait
    while (this.#queue.length > 0) {
      const entry = this.#queue[0]
      const res = await post(entry)
      if (res?.ok) {
        this.drop(entry.id)
        this.on.sent(entry.id)
        wait = firstWait
      } else if (refused.includes(res?.status)) {
        this.drop(entry.id)
        this.on.failed(entry.id, (await res.json().catch(() => null))?.error ?? res.statusText)
      } else {
        if (res?.status === 401) this.on.stranger()
        await this.#pause(wait)
        wait = Math.min(2 * wait, longestWait)
      }
    }
    this.#sending = false
  }

  #pause(ms) {
    return new Promise(resolve => {
      const timer = setTimeout(resolve, ms)
      this.#wake = () => { clearTimeout(timer); resolve() }
    })
  }
}

async function post(entry) {
  const form = new FormData()
  form.append('message', JSON.stringify({id: entry.id, text: entry.text})) // a bare text field would turn \n into \r\n
  for (const file of entry.files) form.append('file', file, file.name)
  const signal = AbortSignal.timeout(entry.files.length > 0 ? 300_000 : 20_000)
  try {
    return await fetch('/chat/messages', {method: 'POST', body: form, signal})
  } catch {
    return null
  }
}

function storedKeys() {
  try {
    return Object.keys(localStorage).filter(key => key.startsWith(prefix)).sort()
  } catch {
    return []
  }
}

function randomId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return Array.from(bytes, b => b.toString(16).padStart(2, '0')).join('')
}
