// An app on HubSpot's own client library. It reads what to do as JSON and writes what came of it as JSON.
const fs = require('node:fs')
const { Client, Signature } = require('@hubspot/api-client')

const channels = '/conversations/v3/custom-channels'
const threads = '/conversations/v3/conversations/threads'

async function call(client, method, path, body, qs) {
  const response = await client.apiRequest({ method, path, body, qs })
  const text = await response.text()
  if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text}`)
  return text === '' ? null : JSON.parse(text)
}

const steps = {
  // The first tokens of an install, new ones, and what they are good for.
  async authorize({ basePath, code, redirectUri, clientId, clientSecret }) {
    const oauth = new Client({ basePath }).oauth
    const first = await oauth.tokensApi.create('authorization_code', code, redirectUri, clientId, clientSecret)
    const next = await oauth.tokensApi.create('refresh_token', undefined, undefined, clientId, clientSecret, first.refreshToken)
    const access = await oauth.accessTokensApi.get(next.accessToken)
    const refresh = await oauth.refreshTokensApi.get(next.refreshToken)
    return {
      accessToken: next.accessToken, tokenType: next.tokenType, expiresIn: next.expiresIn, changed: next.accessToken !== first.accessToken,
      portal: access.hubId, scopes: access.scopes.sort(), kinds: [access.tokenType, refresh.tokenType],
    }
  },

  // A channel, an account of it, and a customer's message with a file.
  async publish({ basePath, developerKey, appId, webhookUrl, accessToken, inboxId }) {
    const developer = new Client({ basePath, developerApiKey: developerKey })
    const channel = await call(developer, 'POST', channels, {
      name: 'Pigeon post', webhookUrl,
      capabilities: {
        deliveryIdentifierTypes: ['CHANNEL_SPECIFIC_OPAQUE_ID'], richText: [], threadingModel: 'INTEGRATION_THREAD_ID',
        allowInlineImages: false, allowOutgoingMessages: true, allowConversationStart: false,
        outgoingAttachmentTypes: ['FILE'], allowedFileAttachmentMimeTypes: ['image/png'],
        maxFileAttachmentCount: 1, maxFileAttachmentSizeBytes: 1000000, maxTotalFileAttachmentSizeBytes: 1000000,
      },
    }, { appId })

    const portal = new Client({ basePath, accessToken })
    const accounts = `${channels}/${channel.id}/channel-accounts`
    const address = { type: 'CHANNEL_SPECIFIC_OPAQUE_ID', value: 'loft-1' }
    const made = await call(portal, 'POST', accounts, { name: 'The loft', inboxId, deliveryIdentifier: address, authorized: true })
    await call(portal, 'PATCH', `${accounts}/${made.id}`, { name: 'The big loft' })
    const listed = await call(portal, 'GET', accounts)

    const data = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64')
    const file = await portal.files.filesApi.upload({ data, name: 'feather.png' }, undefined, '/pigeons', undefined, undefined,
      JSON.stringify({ access: 'PRIVATE' }))

    const message = await call(portal, 'POST', `${channels}/${channel.id}/messages`, {
      channelAccountId: made.id, integrationThreadId: 'flight-1', integrationIdempotencyId: 'egg-1', messageDirection: 'INCOMING',
      text: 'Coo?', richText: '<p>Coo?</p>', timestamp: new Date().toISOString(), attachments: [{ type: 'FILE', fileId: file.id }],
      senders: [{ name: 'Ada', deliveryIdentifier: { type: 'CHANNEL_SPECIFIC_OPAQUE_ID', value: 'ada' } }],
      recipients: [{ name: 'The loft', deliveryIdentifier: address }],
    })
    return { channel: channel.id, account: made.id, accounts: listed.results.map(a => a.name), thread: message.conversationsThreadId }
  },

  // What the thread holds, once the agent's message in it has been delivered.
  async report({ basePath, accessToken, channel, message, thread }) {
    const portal = new Client({ basePath, accessToken })
    await call(portal, 'PATCH', `${channels}/${channel}/messages/${message}`, { statusType: 'SENT' })
    const history = await call(portal, 'GET', `${threads}/${thread}/messages`)
    return history.results.filter(m => m.type === 'MESSAGE').map(m => `${m.direction} ${m.status?.statusType ?? ''} ${m.text}`).sort()
  },

  // A file that is uploaded, one that HubSpot fetches, and what can be read of them.
  async files({ basePath, accessToken, address }) {
    const files = new Client({ basePath, accessToken }).files.filesApi
    const data = Buffer.from('Coo – gurr 🕊\n')
    const options = JSON.stringify({ access: 'PRIVATE' })
    const uploaded = await files.upload({ data, name: 'ignored.txt' }, undefined, '/pigeons', 'Brief für Ada.txt', undefined, options)
    const task = await files.importFromUrl({
      url: address, access: 'PUBLIC_NOT_INDEXABLE', folderPath: '/pigeons', name: 'map', overwrite: false,
      duplicateValidationStrategy: 'NONE', duplicateValidationScope: 'EXACT_FOLDER',
    })
    const statuses = []
    let state
    do {
      state = await files.checkImport(task.id)
      statuses.push(state.status)
    } while (state.status === 'PENDING' || state.status === 'PROCESSING')
    const signed = await files.getSignedUrl(uploaded.id)
    const open = async url => {
      const response = await fetch(url)
      return response.ok ? response.text() : response.status
    }
    const describe = ({ path, size, access, type }) => ({ path, size, access, type })
    return {
      uploaded: describe(await files.getById(uploaded.id)), imported: describe(await files.getById(state.result.id)), statuses,
      dated: state.startedAt <= new Date() && signed.expiresAt > new Date(),
      texts: [await open(signed.url), await open(state.result.url), await open(uploaded.url)],
    }
  },

  // What the library throws where it is refused, and whether it tries again.
  async refusals({ basePath, accessToken, code, redirectUri, clientId, clientSecret }) {
    const { tokensApi, refreshTokensApi } = new Client({ basePath }).oauth
    const token = (grant, ...rest) => tokensApi.create(grant, ...rest)
    const first = await token('authorization_code', code, redirectUri, clientId, clientSecret)
    await refreshTokensApi.archive(first.refreshToken)
    const files = options => new Client({ basePath, ...options }).files.filesApi
    const upload = (api, options) => api.upload({ data: Buffer.from('Coo'), name: 'coo.txt' }, undefined, '/', undefined, undefined, options)
    const refused = {
      'code used twice': () => token('authorization_code', code, redirectUri, clientId, clientSecret),
      'wrong secret': () => token('refresh_token', undefined, undefined, clientId, 'wrong', first.refreshToken),
      'revoked refresh token': () => token('refresh_token', undefined, undefined, clientId, clientSecret, first.refreshToken),
      'unknown access token': () => files({ accessToken: 'wrong' }).getById('1'),
      'no such file': () => files({ accessToken }).getById('1'),
      'upload without access': () => upload(files({ accessToken }), '{}'),
      'overloaded once, no retries': () => files({ accessToken }).getSignedUrl('1'),
      'overloaded once, one retry': () => files({ accessToken, numberOfApiCallRetries: 2 }).getSignedUrl('1'),
    }
    const thrown = {}
    for (const [name, call] of Object.entries(refused)) {
      thrown[name] = await call().then(() => 'no error', ({ code, body }) => `${code} ${body.category ?? body.status}`)
    }
    return thrown
  },

  // Whether webhooks are HubSpot's.
  async verify({ webhooks }) {
    return webhooks.map(w => Signature.isValid(w))
  },
}

const { step, ...args } = JSON.parse(fs.readFileSync(0, 'utf8'))
steps[step](args).then(
  result => console.log(JSON.stringify(result)),
  error => { console.error(error); process.exitCode = 1 },
)
