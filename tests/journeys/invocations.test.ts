import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writeGraphs } from '../inference/graphs.ts'
import { type InferenceServer, openInferenceServer, RECORD } from '../inference/inference-server.ts'
import { examplePython, HAS_PYTHON } from '../support/python.ts'
import { type Served, startServe } from '../support/serve.ts'

/*
 * MLflow's scoring protocol: `orrery serve` beside MLflow's own scoring server, request by request with the same model; and
 * endpoints through `mlflow.deployments`.
 */

const SCRIPT = fileURLToPath(new URL('invocations_client.py', import.meta.url))
const PATIENCE = 10 * 60_000
const execute = promisify(execFile)

describe.skipIf(!HAS_PYTHON)('MLflow’s scoring protocol (needs python3, 3.11 or later)', () => {
  let folder: string
  let served: Served
  let server: InferenceServer
  let saw: {
    compared: number
    client: { frame: unknown; tensor: unknown }
    deployments: Record<string, unknown> & { wrong: [number, { error_code: string; message: string }] }
  }
  beforeAll(async () => {
    const python = await examplePython()
    folder = await mkdtemp(join(tmpdir(), 'orrery-invocations-'))
    await writeGraphs(folder)
    const model = join(folder, 'linear.onnx')
    served = await startServe([model])
    server = await openInferenceServer(folder)
    const url = await server.http.fastify.listen({ host: '127.0.0.1', port: 0 })
    const { stdout } = await execute('python', [SCRIPT, served.url, model, url], {
      env: { ...process.env, ...python.env, MLFLOW_DISABLE_TELEMETRY: 'true' },
      timeout: PATIENCE,
    })
    saw = JSON.parse(stdout.trimEnd().split('\n').at(-1)!)
  }, PATIENCE)
  afterAll(async () => {
    await served?.stop()
    await server?.close()
    if (folder) await rm(folder, { recursive: true, force: true })
  })

  it('answers and refuses as MLflow’s own server does', () => {
    expect(saw.compared).toBe(14)
  })

  it('is what MLflow’s client of it asks', () => {
    expect(saw.client).toEqual({ frame: [9, -4], tensor: { y: [[9], [-4]] } })
  })

  it('answers for endpoints, with labels or numbers, and logs them', async () => {
    const predicted = await server.serving.predict({ endpoint: 'retention', records: [RECORD] })
    const { label } = predicted.predictions[0]!
    const missing = await server.serving.predict({ endpoint: 'retention', records: [{ ...RECORD, tenure: null }] })
    const both = [label, missing.predictions[0]!.label]
    const amount = await server.serving.predict({ endpoint: 'amount', records: [RECORD] })
    expect(saw.deployments).toMatchObject({
      split: [label],
      records: both,
      instances: [label],
      columns: [label],
      csv: both,
      amount: [amount.predictions[0]!.value],
      refused: expect.stringContaining('nobody'),
    })
    const [status, { error_code, message }] = saw.deployments.wrong
    expect([status, error_code]).toEqual([400, 'BAD_REQUEST'])
    expect(message).toContain('not the text "three"')
    expect((await server.serving.reads.counts('retention')).predictions).toBeGreaterThanOrEqual(7)
  })
})
