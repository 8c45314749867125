import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startInferenceGrpc } from '#protocols'
import { type InferenceServer, openInferenceServer, RECORD } from '../inference/inference-server.ts'
import { writeGraphs } from '../inference/graphs.ts'
import { HAS_PYTHON, pythonOf } from '../support/python.ts'
import { startServe, type Served } from '../support/serve.ts'

/*
 * The real `tritonclient`, unmodified, over HTTP and gRPC, sync, async and as a stream: against `orrery serve` for tensors of
 * every datatype, and against endpoints for what is logged. What the client sees is asserted in the scripts.
 */

const LOCK = fileURLToPath(new URL('triton.lock', import.meta.url))
const PATIENCE = 10 * 60_000
const execute = promisify(execFile)

describe.skipIf(!HAS_PYTHON)('the tritonclient (needs python3, 3.11 or later)', () => {
  let folder: string
  let served: Served
  let server: InferenceServer
  let python: NodeJS.ProcessEnv
  beforeAll(async () => {
    python = { ...process.env, ...(await pythonOf(LOCK)).env }
    folder = await mkdtemp(join(tmpdir(), 'orrery-triton-'))
    await writeGraphs(join(folder, 'models'))
    served = await startServe([join(folder, 'models')])
    server = await openInferenceServer(folder)
  }, PATIENCE)
  afterAll(async () => {
    await served?.stop()
    await server?.close()
    if (folder) await rm(folder, { recursive: true, force: true })
  })

  const run = async (script: string, ...args: string[]) => {
    const path = fileURLToPath(new URL(script, import.meta.url))
    const { stdout } = await execute('python', [path, ...args], { env: python, timeout: PATIENCE })
    return JSON.parse(stdout.trimEnd().split('\n').at(-1)!)
  }

  it(
    'sends tensors of every datatype and gets them back, is refused in its own words, and streams',
    async () => {
      const saw = await run('triton_client.py', served.http, served.grpc!)
      expect(saw['tritonclient.http_datatypes']).toBe(13)
      expect(saw['tritonclient.grpc_datatypes']).toBe(13)
      expect(saw.metadata).toEqual({
        name: 'two',
        versions: ['1'],
        platform: 'onnxruntime_onnx',
        inputs: ['a', 'b'].map((name) => ({ name, datatype: 'FP32', shape: [-1, 1] })),
        outputs: ['sum', 'difference'].map((name) => ({ name, datatype: 'FP32', shape: [-1, 1] })),
      })
      const statuses = (of: string) =>
        Object.fromEntries(Object.entries<string[]>(saw[of]).map(([what, [status]]) => [what, status]))
      const refused = ['unknown input', 'another shape', 'another datatype', 'unknown output']
      expect(statuses('tritonclient.http_refusals')).toEqual({
        'unknown model': '404',
        ...Object.fromEntries(refused.map((what) => [what, '400'])),
      })
      expect(statuses('tritonclient.grpc_refusals')).toEqual({
        'unknown model': 'StatusCode.NOT_FOUND',
        ...Object.fromEntries(refused.map((what) => [what, 'StatusCode.INVALID_ARGUMENT'])),
      })
      expect(saw.grpc_too_large).toBe('StatusCode.RESOURCE_EXHAUSTED')
      expect(saw.grpc_deadline).toBe('StatusCode.DEADLINE_EXCEEDED')
    },
    PATIENCE,
  )

  it(
    'asks an endpoint with one tensor a feature, and its answers are logged',
    async () => {
      await server.http.fastify.listen({ host: '127.0.0.1', port: 0 })
      const { port } = server.http.fastify.server.address() as { port: number }
      const grpc = await startInferenceGrpc({ ...server.inference, host: '127.0.0.1', port: 0 })
      const saw = await run('triton_endpoint.py', `127.0.0.1:${port}`, grpc.address)
      await grpc.stop()
      expect(saw.http.probabilities).toEqual(saw.grpc.probabilities)
      for (const [way, answer] of Object.entries<{ ids: string[]; probabilities: number[][] }>(saw)) {
        expect(answer.ids).toEqual([`${way}-1.0`, `${way}-1.1`])
        const logged = await server.serving.reads.prediction(`${way}-1.0`)
        expect(logged).toMatchObject({ endpoint: 'retention', inputs: RECORD, value: answer.probabilities[0]![1] })
      }
    },
    PATIENCE,
  )
})
