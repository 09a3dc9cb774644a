// The chat window: what the customer does goes to the server, what the server streams is shown.

import {Messages, element, sizeText} from './view.js'
import {Outbox} from './outbox.js'

const maxFiles = 10, maxFileBytes = 25 << 20 // the server's limits
const silence = 40_000 // milliseconds without a sign of life (one comes every 15 s) after which to connect anew

const $ = id => document.getElementById(id)
const scroll = $('scroll'), input = $('input')
const messages = new Messages($('messages'))
const outbox = new Outbox({
  sent: id => messages.sent(id),
  failed: (id, reason) => messages.failed(id, reason),
  stranger: () => connect(),
})

// The stream

let stream, customer, lastSeq = 0, lastHeard = 0

function connect() {
  stream?.close()
  stream = new EventSource(lastSeq ? `/chat/stream?after=${lastSeq}` : '/chat/stream')
  lastHeard = Date.now()
  stream.onopen = () => {
    lastHeard = Date.now()
    showConnection('online', 'Connected')
    outbox.send()
    reportRead()
  }
  stream.onerror = () => {
    showConnection('offline', 'Connecting again…')
    if (stream.readyState === EventSource.CLOSED) setTimeout(connect, 1000)
  }
  stream.addEventListener('beat', () => { lastHeard = Date.now() })
  stream.addEventListener('state', event => {
    lastHeard = Date.now()
    showState(JSON.parse(event.data))
  })
  stream.addEventListener('message', event => {
    lastHeard = Date.now()
    lastSeq = Number(event.lastEventId)
    receive(JSON.parse(event.data))
  })
}

// A laptop that slept may hold a dead connection without knowing.
setInterval(() => { if (Date.now() - lastHeard > silence) connect() }, 5000)

function showConnection(state, words) {
  $('window').dataset.connection = state
  $('connection').textContent = words
}

let firstSeq = 0

function showState(state) {
  if (customer && customer.id !== state.customer.id) { // the server lost its data or we our cookie
    messages.clear()
    unread.length = lastSeq = 0
    setTimeout(connect) // the present stream would go on after a message of the other conversation
  }
  firstSeq = state.first
  showCustomer(state.customer)
  showEarlier()
}

function showCustomer(now) {
  customer = now
  if (document.activeElement !== $('name')) $('name').value = now.name
  $('block').ariaChecked = String(now.blocked)
  $('block').textContent = now.blocked ? 'Blocked' : 'Block'
  $('banner').hidden = !now.blocked
}

// Messages

function receive(message) {
  outbox.drop(message.clientId)
  const el = messages.put(message)
  if (!el) return
  $('empty').hidden = true
  if (message.from === 'agent' && !message.read) unread.push({id: message.id, el})
  follow(pinned, message.from === 'agent')
  watchPictures(el)
  showEarlier()
  reportRead()
}

function showWaiting(entry) {
  const el = messages.putWaiting(entry)
  $('empty').hidden = true
  watchPictures(el)
  follow(true)
}

const atEnd = () => scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 60

let pinned = true // the end of the conversation is in view, and is to stay there

function follow(toEnd, news) {
  if (toEnd) scroll.scrollTop = scroll.scrollHeight
  else if (news) $('newer').hidden = false
  pinned = toEnd
}

function watchPictures(el) {
  for (const media of el.querySelectorAll('img, video')) {
    const grown = () => { if (pinned) follow(true) }
    media.addEventListener('load', grown)
    media.addEventListener('loadedmetadata', grown)
  }
}

let lastTop = 0

scroll.addEventListener('scroll', () => {
  if (atEnd()) pinned = true
  else if (scroll.scrollTop < lastTop) pinned = false // the customer's doing: a picture that loads only adds below
  lastTop = scroll.scrollTop
  if (pinned) $('newer').hidden = true
  reportRead()
})
new ResizeObserver(() => { if (pinned) follow(true) }).observe(scroll)
$('newer').onclick = () => { $('newer').hidden = true; follow(true) }

function showEarlier() {
  $('earlier').hidden = !(messages.oldest > firstSeq)
}

$('earlier').onclick = async () => {
  const res = await fetch(`/chat/history?before=${messages.oldest}`).catch(() => null)
  if (!res?.ok) return notify('Not connected, please try again.')
  const fromEnd = scroll.scrollHeight - scroll.scrollTop
  const older = (await res.json()).messages
  for (const message of older) messages.put(message)
  scroll.scrollTop = scroll.scrollHeight - fromEnd // what was in view stays in view
  showEarlier()
}

// Reading: an agent's message counts as read once it was in view, or above it, on a page that is visible.

const unread = []
let reporting = false

async function reportRead() {
  if (reporting || document.visibilityState !== 'visible') return
  const edge = scroll.getBoundingClientRect().bottom
  const seen = unread.filter(({el}) => el.getBoundingClientRect().top < edge)
  if (seen.length === 0) return
  reporting = true
  const res = await send('POST', '/chat/read', {ids: seen.map(({id}) => id)})
  reporting = false
  if (!res?.ok) return // the next chance comes with the next connection
  for (const one of seen) {
    const at = unread.indexOf(one)
    if (at >= 0) unread.splice(at, 1)
  }
  reportRead() // others may have come meanwhile
}

document.addEventListener('visibilitychange', reportRead)
addEventListener('focus', reportRead)

function send(method, path, body) {
  return fetch(path, {method, body: JSON.stringify(body), headers: {'Content-Type': 'application/json'}})
    .catch(() => null)
}

// Writing

const files = []

function submit() {
  const text = input.value
  if (text.trim() === '' && files.length === 0) return
  showWaiting(outbox.add(text, files.splice(0)))
  input.value = ''
  fit()
  showChips()
  outbox.send()
  input.focus()
}

$('composer').addEventListener('submit', event => { event.preventDefault(); submit() })
input.addEventListener('keydown', event => {
  // While an input method composes a character, Enter belongs to it (229: Safari's way to say so).
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing || event.keyCode === 229) return
  event.preventDefault()
  submit()
})

// fit grows the box with its text where CSS does not.
function fit() {
  if (CSS.supports('field-sizing', 'content')) return
  input.style.height = 'auto'
  input.style.height = `${input.scrollHeight}px`
}
input.addEventListener('input', fit)

function attach(chosen) {
  for (const file of chosen) {
    if (file.size > maxFileBytes) notify(`${file.name} is larger than ${sizeText(maxFileBytes)}.`)
    else if (files.length === maxFiles) notify(`A message takes up to ${maxFiles} files.`)
    else files.push(file)
  }
  showChips()
  input.focus()
}

function showChips() {
  $('chips').replaceChildren(...files.map((file, at) => {
    const remove = element('button', '', '×')
    remove.type = 'button'
    remove.ariaLabel = `Do not send ${file.name}`
    remove.onclick = () => { files.splice(at, 1); showChips() }
    const chip = element('li')
    chip.append(element('bdi', 'name', file.name), element('span', 'size', sizeText(file.size)), remove)
    return chip
  }))
}

$('file').onchange = event => {
  attach(Array.from(event.target.files))
  event.target.value = '' // so that the same file can be chosen again
}
input.addEventListener('paste', event => {
  if (event.clipboardData.files.length === 0) return
  event.preventDefault()
  attach(Array.from(event.clipboardData.files))
})
addEventListener('dragover', event => event.preventDefault())
addEventListener('drop', event => { event.preventDefault(); attach(Array.from(event.dataTransfer.files)) })
addEventListener('beforeunload', event => { if (outbox.holdsFiles) event.preventDefault() })

// The customer

async function patchMe(change) {
  const res = await send('PATCH', '/chat/me', change)
  if (res?.ok) showCustomer(await res.json())
  else notify((await res?.json().catch(() => null))?.error ?? 'Not connected, please try again.')
}

$('block').onclick = () => { if (customer) patchMe({blocked: !customer.blocked}) }
$('name').onkeydown = event => { if (event.key === 'Enter') event.target.blur() }
$('name').onchange = async event => {
  await patchMe({name: event.target.value})
  event.target.value = customer.name
}

let noticeTimer

function notify(words) {
  $('notice').textContent = words
  $('notice').hidden = false
  clearTimeout(noticeTimer)
  noticeTimer = setTimeout(() => { $('notice').hidden = true }, 6000)
}

if (navigator.cookieEnabled) {
  outbox.restore().forEach(showWaiting)
  connect()
  input.focus()
} else {
  showConnection('offline', 'This chat needs cookies: please allow them and open it again.')
}
