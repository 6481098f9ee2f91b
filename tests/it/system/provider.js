// An OpenID provider that rotates its keys when it is told to.
//
// Arguments: the files of its certificate and of the certificate's key. It listens on a free port
// of loopback, says `ready URL`, and then answers each line of stdin with one line that begins with
// that line's number:
//   access-token AUDIENCE  a token for that audience, by client credentials
//   id-token               a token about its one user, by the code flow with PKCE
//   rotate                 a new key signs from now on; those before it stay published
//   retire                 the key that signs stays published, no other

'use strict'

const { createHash, generateKeyPairSync, randomBytes } = require('node:crypto')
const { readFileSync } = require('node:fs')
const { createServer } = require('node:https')
const { createInterface } = require('node:readline')
const { pathToFileURL } = require('node:url')

const CLIENT = { id: 'realmgate-client', secret: 'a-secret-of-the-client' }
const REDIRECT = 'https://app.example.com/callback'
const USER = 'jane'

// The newest first: that is the one that signs.
let keys = []
let issuer
let provider

function configuration () {
  return {
    clients: [{
      client_id: CLIENT.id,
      client_secret: CLIENT.secret,
      grant_types: ['authorization_code', 'client_credentials'],
      redirect_uris: [REDIRECT]
    }],
    cookies: { keys: [randomBytes(32).toString('hex')] },
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_, audience) => ({ audience, accessTokenFormat: 'jwt', scope: '' })
      }
    },
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    jwks: { keys },
    // Whoever signs in agrees to everything.
    loadExistingGrant: async ({ oidc }) => {
      const { accountId } = oidc.session
      const grant = new oidc.provider.Grant({ accountId, clientId: oidc.client.clientId })
      grant.addOIDCScope('openid')
      await grant.save()
      return grant
    },
    pkce: { required: () => true }
  }
}

function rotate () {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const kid = randomBytes(8).toString('hex')
  keys = [{ ...privateKey.export({ format: 'jwk' }), kid, use: 'sig', alg: 'RS256' }, ...keys]
}

function retire () {
  keys = keys.slice(0, 1)
}

function answer (request, response) {
  // Its one user signs in without being asked.
  if (request.url.startsWith('/interaction/')) {
    return provider.interactionFinished(request, response, { login: { accountId: USER } })
  }
  return provider.callback()(request, response)
}

async function token (grant) {
  const basic = Buffer.from(`${CLIENT.id}:${CLIENT.secret}`).toString('base64')
  const response = await fetch(`${issuer}/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${basic}` },
    body: new URLSearchParams(grant)
  })
  return response.json()
}

async function accessToken (audience) {
  return (await token({ grant_type: 'client_credentials', resource: audience })).access_token
}

// What a browser does for its user.
async function signIn (challenge) {
  const query = new URLSearchParams({
    client_id: CLIENT.id,
    code_challenge: challenge,
    code_challenge_method: 'S256',
    redirect_uri: REDIRECT,
    response_type: 'code',
    scope: 'openid'
  })
  const cookies = new Map()
  let next = new URL(`${issuer}/auth?${query}`)
  while (next.href.startsWith(issuer)) {
    const cookie = [...cookies].map(pair => pair.join('=')).join('; ')
    const response = await fetch(next, { headers: { cookie }, redirect: 'manual' })
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line)
      cookies.set(name, value)
    }
    next = new URL(response.headers.get('location'), next)
  }
  return next.searchParams.get('code')
}

async function idToken () {
  const verifier = randomBytes(32).toString('base64url')
  const challenge = createHash('sha256').update(verifier).digest('base64url')
  const code = await signIn(challenge)
  const grant = {
    grant_type: 'authorization_code', code, code_verifier: verifier, redirect_uri: REDIRECT
  }
  return (await token(grant)).id_token
}

async function main (certificate, key) {
  const { default: Provider } = await import(pathToFileURL(require.resolve('oidc-provider')))
  const tls = { cert: readFileSync(certificate), key: readFileSync(key) }
  const server = createServer(tls, answer)
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve))
  issuer = `https://127.0.0.1:${server.address().port}`
  const publish = () => { provider = new Provider(issuer, configuration()) }
  rotate()
  publish()
  console.log(`ready ${issuer}`)
  const commands = {
    'access-token': accessToken,
    'id-token': idToken,
    rotate: () => { rotate(); publish() },
    retire: () => { retire(); publish() }
  }
  let number = 0
  for await (const line of createInterface({ input: process.stdin })) {
    const [command, ...rest] = line.split(' ')
    console.log(`${++number}: ${await commands[command](...rest) ?? 'done'}`)
  }
  process.exit()
}

main(...process.argv.slice(2))
