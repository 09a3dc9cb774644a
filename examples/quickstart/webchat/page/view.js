// The view turns messages into bubbles. People's words only ever become text nodes, never HTML.

const groupGap = 5 * 60_000 // milliseconds after which the sender is named again
const timeFormat = new Intl.DateTimeFormat(undefined, {timeStyle: 'short'})
const dayFormat = new Intl.DateTimeFormat(undefined, {dateStyle: 'full'})

// element makes <tag class=name>text</tag>.
export function element(tag, name, text) {
  const el = document.createElement(tag)
  if (name) el.className = name
  if (text !== undefined) el.textContent = text
  return el
}

// Messages keeps the list in the server's order, with messages that are not sent yet at its end.
export class Messages {
  #list
  #shown = new Map() // element of a message, by its id
  #waiting = new Map() // element of a message of ours that the server did not show yet, by our id

  constructor(list) { this.#list = list }

  get oldest() { return this.#list.firstElementChild?.seq }

  // put shows a message of the server, once.
  put(message) {
    if (this.#shown.has(message.id)) return null
    this.#waiting.get(message.clientId)?.remove()
    this.#waiting.delete(message.clientId)
    const el = bubble(message)
    el.seq = message.seq
    let before = this.#list.lastElementChild
    while (before && !(before.seq < message.seq)) before = before.previousElementSibling
    if (before) before.after(el)
    else this.#list.prepend(el)
    this.#shown.set(message.id, el)
    setStatus(el, 'sent', message.from === 'customer' ? 'Sent' : '')
    arrange(el)
    arrange(el.nextElementSibling)
    arrange(el.previousElementSibling)
    return el
  }

  // putWaiting shows a message that is on its way.
  putWaiting({id, text, files, time}) {
    const previews = files.map(file => ({
      name: file.name, size: file.size, url: URL.createObjectURL(file),
      kind: /^image\/(avif|gif|jpeg|png|webp)$/.test(file.type) ? 'image' : 'file',
    }))
    const el = bubble({from: 'customer', name: '', text, files: previews, time})
    this.#list.append(el)
    this.#waiting.set(id, el)
    setStatus(el, 'sending', 'Sending…')
    arrange(el)
    arrange(el.previousElementSibling)
    return el
  }

  sent(id) { if (this.#waiting.has(id)) setStatus(this.#waiting.get(id), 'sent', 'Sent') }

  failed(id, reason) {
    if (this.#waiting.has(id)) setStatus(this.#waiting.get(id), 'failed', `Not sent: ${reason}`)
  }

  // clear forgets what the server showed; what is on its way stays.
  clear() {
    for (const el of this.#shown.values()) el.remove()
    this.#shown.clear()
  }
}

function bubble({from, name, text, files, time}) {
  const el = element('li', 'message')
  el.dataset.testid = 'message'
  el.dataset.from = from
  el.time = new Date(time)
  el.sender = from + '\n' + name

  const who = element('div', 'who')
  if (from === 'agent') {
    const avatar = element('span', 'avatar', Array.from(name)[0]?.toUpperCase() ?? '?')
    avatar.ariaHidden = 'true'
    const label = element('bdi', 'name', name)
    label.dataset.testid = 'sender'
    who.append(avatar, label)
  }
  const words = element('div', 'text', text)
  words.dataset.testid = 'text'
  words.dir = 'auto'
  const box = element('div', 'bubble')
  box.append(words, ...files.map(fileElement))
  const stamp = element('time', '', timeFormat.format(el.time))
  stamp.dateTime = el.time.toISOString()
  const meta = element('div', 'meta')
  meta.append(stamp, element('span', 'status'))
  el.append(element('div', 'day', dayFormat.format(el.time)), who, box, meta)
  return el
}

function setStatus(el, state, words) {
  el.dataset.state = state
  el.querySelector('.status').textContent = words
}

// arrange names the sender at the start of a group of messages and tells the time at its end.
function arrange(el) {
  if (!el) return
  const before = el.previousElementSibling, after = el.nextElementSibling
  el.classList.toggle('new-day', !before || before.time.toDateString() !== el.time.toDateString())
  el.classList.toggle('first', !before || !sameGroup(before, el))
  el.classList.toggle('last', !after || !sameGroup(el, after))
}

function sameGroup(a, b) {
  return a.sender === b.sender && b.time - a.time < groupGap && a.time.toDateString() === b.time.toDateString()
}

function fileElement({name, size, url, kind}) {
  const link = element('a', kind === 'image' ? 'picture' : 'file')
  link.dataset.testid = 'file'
  link.href = url
  link.rel = 'noopener'
  link.target = '_blank'
  if (kind === 'image') {
    const image = element('img')
    image.src = url
    image.alt = name
    link.append(image)
    return link
  }
  link.download = name
  link.append(element('bdi', 'name', name), element('span', 'size', sizeText(size)))
  if (kind === 'file') return link
  const player = element(kind) // audio or video
  player.src = url
  player.controls = true
  player.preload = 'metadata'
  const both = element('div', 'player')
  both.append(player, link)
  return both
}

// sizeText is 1 bytes, 12 KB, 3.4 MB.
export function sizeText(bytes) {
  if (bytes < 1000) return `${bytes} bytes`
  if (bytes < 999_500) return `${Math.round(bytes / 1000)} KB`
  return `${(bytes / 1e6).toFixed(1)} MB`
}
