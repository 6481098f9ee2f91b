// One user's visit with Elasticsearch's own client for Node, told as one JSON object.
//
// Arguments: the URL, the bearer token, the value of `ES-Client-Authentication`, and whom to run
// as (left out: nobody). It sends what an application sends, `info` and a search, and tells who
// the cluster says that it was; or the client's own error, as an application would catch it.

'use strict'

const { Client, errors } = require('@elastic/elasticsearch')

// What the cluster was told about the user.
function identity (answer) {
  return Object.fromEntries(answer.headers.filter(([name]) => name.startsWith('x-es-')))
}

async function visit (node, token, clientAuthentication, runAs) {
  const headers = { 'es-client-authentication': clientAuthentication }
  if (runAs !== undefined) headers['es-security-runas-user'] = runAs
  const cluster = new Client({ node, auth: { bearer: token }, headers })
  try {
    const info = await cluster.info()
    const search = await cluster.search({ index: 'logs', query: { match_all: {} } })
    return { info: identity(info), search: identity(search) }
  } catch (error) {
    if (!(error instanceof errors.ResponseError)) throw error
    return {
      class: error.name,
      status: error.statusCode,
      reason: error.body.error.reason,
      shown: error.message
    }
  } finally {
    await cluster.close()
  }
}

visit(...process.argv.slice(2)).then(told => console.log(JSON.stringify(told)))
