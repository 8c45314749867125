/** Answers POST /predict with the model beside it: JSON, or the bytes of a picture. PORT (8080) and HOST (0.0.0.0) say where. */
import { createServer } from 'node:http'
import { about, load, predict } from './index.js'

const PORT = Number(process.env.PORT ?? 8080)
const HOST = process.env.HOST ?? '0.0.0.0'
const LARGEST_BODY = 16 * 1024 * 1024
const MOST_RECORDS = 10_000

if (process.argv.includes('--check')) {
  const answer = await fetch(`http://127.0.0.1:${PORT}/ready`).catch(() => undefined)
  process.exit(answer?.ok ? 0 : 1)
}

const server = createServer({ requestTimeout: 30_000, headersTimeout: 10_000 }, (request, response) => {
  answer(request).then(
    (body) => send(response, 200, body),
    (error) => {
      const known = error.status !== undefined
      if (!known) console.error(error)
      const { code = 'INTERNAL', hint = 'See the log of this container.', details } = error
      const message = known ? error.message : 'The model failed on this request.'
      send(response, error.status ?? 500, { error: { code, message, hint, ...(details && { details }) } })
    },
  )
})

async function answer(request) {
  const { pathname } = new URL(request.url, 'http://localhost')
  if (request.method === 'GET' && pathname === '/health')
    return { status: 'ok', model: about.model, version: about.version }
  if (request.method === 'GET' && pathname === '/ready') {
    await load()
    return { ready: true }
  }
  if (request.method === 'GET' && pathname === '/') return about
  if (request.method !== 'POST' || pathname !== '/predict')
    throw refusal(404, 'NOT_FOUND', 'There is POST /predict, GET /health, /ready and /.')
  const body = await bodyOf(request)
  const isPicture = about.image && /^image\/(jpeg|png)\b/i.test(request.headers['content-type'] ?? '')
  const records = isPicture ? [body] : recordsOf(parsed(body))
  const predictions = await predict(records)
  return { model: about.model, predictions: predictions.map((one) => ({ ...one, version: about.version })) }
}

async function bodyOf(request) {
  const chunks = []
  let size = 0
  for await (const chunk of request) {
    size += chunk.length
    if (size > LARGEST_BODY) throw refusal(413, 'BODY_TOO_LARGE', `A body has at most ${LARGEST_BODY} bytes.`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function parsed(body) {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    throw refusal(400, 'NOT_JSON', 'The body is no JSON.')
  }
}

function recordsOf(body) {
  const records = body?.records
  const fits = Array.isArray(records) && records.length > 0 && records.length <= MOST_RECORDS
  if (!fits || records.some((one) => one === null || typeof one !== 'object' || Array.isArray(one)))
    throw refusal(400, 'BODY_INVALID', `The body has 1 to ${MOST_RECORDS} objects under "records".`)
  return records
}

function refusal(status, code, message) {
  const hint = about.image
    ? 'Send the bytes of a JPEG or PNG with their content type, or {"records": [{"picture": "<base64>"}]}.'
    : 'Send {"records": [{"column": value}]}.'
  return Object.assign(new Error(message), { status, code, hint })
}

function send(response, status, body) {
  const text = JSON.stringify(body)
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) })
  response.end(text)
}

for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => server.close(() => process.exit(0)))
await load()
server.listen(PORT, HOST, () =>
  console.log(`${about.model}@${about.version} answers at http://${HOST}:${server.address().port}/predict`),
)
