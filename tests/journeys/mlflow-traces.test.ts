import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createClient } from '#platform/http/contract'
import { tracingRoutes } from '#tracing/contract'
import type { PythonEnvironment } from '../../src/pipelines/python.ts'
import { HAS_PYTHON, pythonOf } from '../support/python.ts'
import { type RunningServer, startServer } from '../support/server.ts'

/*
 * The real `mlflow` client and OpenTelemetry's own SDK, unmodified, against a real server. What they see is asserted in
 * their programs; here, that the same traces are Orrery's own, and survive the server.
 */

const FOLDER = new URL('tracing/', import.meta.url)
const LOCK = fileURLToPath(new URL('requirements.lock', FOLDER))
const PATIENCE = 15 * 60_000
const run = promisify(execFile)

describe.skipIf(!HAS_PYTHON)('traces of unmodified clients (needs python3, 3.11 or later)', () => {
  let python: PythonEnvironment
  let home: string
  let server: RunningServer
  beforeAll(async () => {
    python = await pythonOf(LOCK)
    home = await mkdtemp(join(tmpdir(), 'orrery-traces-'))
    server = await startServer({ home })
  }, PATIENCE)
  afterAll(async () => {
    await server?.stop()
    await rm(home, { recursive: true, force: true })
  })

  async function program<Made>(file: string, env: Record<string, string>): Promise<Made> {
    const { stdout } = await run('python', [fileURLToPath(new URL(file, FOLDER))], {
      env: { ...process.env, ...python.env, MLFLOW_DISABLE_TELEMETRY: 'true', ...env },
      maxBuffer: 16 * 1024 * 1024,
    })
    return JSON.parse(stdout.trimEnd().split('\n').at(-1)!) as Made
  }

  it.each([
    ['as it goes', {}],
    ['before it goes on', { MLFLOW_ENABLE_ASYNC_TRACE_LOGGING: 'false' }],
  ])('come from the mlflow client, sent %s', { timeout: PATIENCE }, async (_, env) => {
    const own = await startServer()
    try {
      const made = await program<Record<'trace' | 'run' | 'failed' | 'made' | 'filed', string>>('mlflow_client.py', {
        MLFLOW_TRACKING_URI: own.url,
        ...env,
      })
      const ours = clientOf(own.url)
      expect(await ours.getTrace({ params: { trace: made.trace } })).toMatchObject({
        name: 'assistant',
        experiment: 'assistant',
        run: made.run,
        state: 'ok',
        spans: 3,
        tokens: { input: 12, output: 8, total: 20 },
        tags: { reviewed: 'yes' },
      })
      const { spans } = await ours.listSpans({ params: { trace: made.failed } })
      expect(spans.map(({ name, type, status }) => [name, type, status])).toEqual([
        ['assistant', 'AGENT', 'error'],
        ['retrieve', 'RETRIEVER', 'ok'],
        ['generate', 'LLM', 'error'],
      ])
      const generate = await ours.getSpan({ params: { trace: made.failed, span: spans[2]!.id } })
      expect(generate).toMatchObject({ inputs: { question: 'fail' }, events: [{ name: 'exception' }] })
      expect(await ours.getTrace({ params: { trace: made.filed } })).toMatchObject({ spans: 3, state: 'ok' })
    } finally {
      await own.stop()
    }
  })

  it('come from OpenTelemetry, in batches and packed, and are there after a restart', {
    timeout: PATIENCE,
  }, async () => {
    const { trace } = await program<{ trace: string }>('opentelemetry_sdk.py', {
      OTEL_EXPORTER_OTLP_ENDPOINT: server.url,
    })
    await server.stop()
    server = await startServer({ home })
    const api = clientOf(server.url)
    const params = { trace }
    const whole = {
      name: 'checkout',
      experiment: 'Default',
      session: 's-1',
      state: 'ok',
      spans: 1_502,
      tokens: { input: 3, output: 4, total: 7 },
      tags: { 'service.name': 'shop' },
    }
    expect(await api.getTrace({ params })).toMatchObject(whole)
    const first = await api.listSpans({ params })
    expect(first.spans.slice(0, 2)).toMatchObject([{ name: 'checkout' }, { name: 'chat', type: 'CHAT_MODEL' }])
    const rest = await api.listSpans({ params, query: { cursor: first.next! } })
    expect(new Set([...first.spans, ...rest.spans].map(({ id }) => id)).size).toBe(1_502)
    expect(await api.getSpan({ params: { ...params, span: first.spans[1]!.id } })).toMatchObject({
      attributes: { ratios: [0.5, 1], sent: true },
      events: [{ name: 'first token', attributes: { after: 0.25 } }],
    })
    const found = await api.listTraces({ query: { text: 'CHECK', session: 's-1', state: 'ok' } })
    expect(found.traces.map(({ id }) => id)).toEqual([trace])
    await api.deleteTrace({ params })
    await expect(api.getTrace({ params })).rejects.toMatchObject({ status: 404 })
  })
})

const clientOf = (url: string) => createClient(tracingRoutes, { baseUrl: url })
