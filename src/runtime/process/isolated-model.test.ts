import { fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { counting, deep, echo, hungry } from '../onnx.fixture.ts'
import { openTensorModel } from '../open-model.ts'
import type { OpenOptions } from '../open-options.ts'
import type { Tensor } from '../tensor.ts'
import type { TensorModel } from '../tensor-model.ts'
import { type Host, startHost } from './host.ts'
import { isolatedModel, openIn, PROCESS_LIMITS, type ProcessEvent } from './isolated-model.ts'

const open: TensorModel[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((model) => model.close()))
})
async function opened(file: Uint8Array, options: OpenOptions = {}) {
  const events: ProcessEvent[] = []
  const model = await openTensorModel('m@1', file, {
    placement: 'auto',
    onEvent: (event) => events.push(event),
    ...options,
  })
  open.push(model)
  return { model, events }
}

const whole = (n: bigint): Tensor => ({ datatype: 'INT64', shape: [], data: BigInt64Array.of(n) })
const one: Tensor = { datatype: 'FP32', shape: [1], data: Float32Array.of(1) }
const count = async (model: TensorModel, times: bigint) => (await model.run({ times: whole(times), x: one })).y!.data[0]
const FOR_EVER = 10n ** 15n

describe('where a model runs', () => {
  it('is beside HTTP when a run is quick, and in a process of its own when it is not', async () => {
    const quick = await opened(echo('FP32'))
    expect(quick.model).toMatchObject({ placement: 'inline', microseconds: expect.any(Number) })
    expect(await quick.model.run({ x: one })).toEqual({ y: one })

    const { model } = await opened(deep(1024, 60))
    expect(model.placement).toBe('process')
    expect(model.microseconds).toBeGreaterThan(1_000)
    const x: Tensor = { datatype: 'FP32', shape: [2, 1024], data: new Float32Array(2048).fill(1) }
    const { y } = await model.run({ x })
    expect(y!.shape).toEqual([2, 1024])
    expect(Math.abs((y!.data[2047] as number) - 1)).toBeLessThan(1e-4)
  })

  it('is a process of its own for a loop, however quick one row was', async () => {
    const { model } = await opened(counting())
    expect(model.placement).toBe('process')
    expect(await count(model, 41n)).toBe(42)
  })

  it('is told when the file is no model, as everywhere', async () => {
    await expect(openTensorModel('m@1', Buffer.from('{}'), { placement: 'auto' })).rejects.toMatchObject({
      code: 'ORRERY_RUNTIME_MODEL_BROKEN',
      message: expect.stringMatching(/^The package of m@1 cannot be served: ONNX Runtime does not take the file/),
    })
  })
})

describe('a model in a process of its own', () => {
  it('refuses what does not fit, and tells what the graph says of the rest', async () => {
    const { model } = await opened(hungry(), { placement: 'process' })
    await expect(model.run({ size: one })).rejects.toMatchObject({ code: 'ORRERY_RUNTIME_TENSOR_INVALID' })
    const size: Tensor = { datatype: 'INT64', shape: [1], data: BigInt64Array.of(-5n) }
    await expect(model.run({ size })).rejects.toMatchObject({
      code: 'ORRERY_RUNTIME_MODEL_FAILED',
      message: expect.stringMatching(/^m@1 failed on this request: (?!.*failed on this request)/),
    })
  })

  it('that hangs costs its own request; those that wait are answered by the next process', async () => {
    const { model, events } = await opened(counting(), { limits: { runMs: 1_500 } })
    const hanging = count(model, FOR_EVER).catch((error: unknown) => error)
    const waiting = [count(model, 1n), count(model, 2n), count(model, 3n)]
    expect(await hanging).toMatchObject({ code: 'ORRERY_RUNTIME_MODEL_TIMED_OUT', status: 504 })
    expect(model.problem()).toBe('its process is starting')
    expect(await Promise.all(waiting)).toEqual([2, 3, 4])
    expect(model.problem()).toBeUndefined()
    expect(events).toEqual([{ what: 'ended', why: 'no answer within 1.5 s' }])
  })

  it('refuses more than can wait, and says when to come back', async () => {
    const { model } = await opened(counting(), { limits: { mostWaiting: 2, runMs: 2_000 } })
    const runs = Array.from({ length: 6 }, (_, i) => count(model, i === 0 ? 3_000_000n : 1n).catch((error) => error))
    const answers = await Promise.all(runs)
    expect(answers.slice(1, 4)).toEqual([2, 2, 2])
    for (const refused of answers.slice(4))
      expect(refused).toMatchObject({ code: 'ORRERY_RUNTIME_MODEL_BUSY', status: 503, retryAfterSeconds: 1 })
  })

  it('that takes more and more memory is replaced between two runs', async () => {
    const { model, events } = await opened(hungry(), { placement: 'process', limits: { memoryBytes: 300 * 1024 ** 2 } })
    const sum = async (size: bigint) =>
      (await model.run({ size: { datatype: 'INT64', shape: [1], data: BigInt64Array.of(size) } })).y!.data[0]
    expect(await sum(10n)).toBe(0)
    expect(events).toEqual([])
    expect(await sum(100_000_000n)).toBe(0)
    expect(await sum(10n)).toBe(0)
    expect(events).toEqual([{ what: 'replaced', why: expect.stringMatching(/takes \d+ MB, its limit is 300 MB/) }])
  })

  it('finishes what was asked before it is closed, and takes nothing after', async () => {
    const { model } = await opened(counting())
    const runs = [count(model, 100_000n), count(model, 1n), count(model, 2n)]
    const closed = model.close()
    expect(await Promise.all(runs)).toEqual([100_001, 2, 3])
    await closed
    await expect(count(model, 1n)).rejects.toThrow('it was unloaded')
  })
})

describe('a process that ends', () => {
  const HOST = {
    command: process.execPath,
    args: ['--disable-warning=ExperimentalWarning', fileURLToPath(new URL('./serve-onnx.ts', import.meta.url))],
    env: { PATH: process.env.PATH },
  }
  async function supervised() {
    const hosts: Host[] = []
    const file = counting()
    let works = true
    const start = async () => {
      const host = startHost(
        works ? HOST : { ...HOST, args: ['-e', 'console.error("no such device"); process.exit(3)'] },
      )
      hosts.push(host)
      const described = await openIn(host, 'm@1', { fileBytes: file.byteLength, tensors: null }, [file], 60_000)
      return { host, described }
    }
    const first = await start()
    const events: ProcessEvent[] = []
    const restart = async () => (await start()).host
    const model = isolatedModel('m@1', first.described, first.host, restart, PROCESS_LIMITS, (event) =>
      events.push(event),
    )
    open.push(model)
    return { model, hosts, events, breakStarts: () => (works = false) }
  }

  it('by a segmentation fault costs the request that it was at, and no other', async () => {
    const { model, hosts, events } = await supervised()
    const victim = count(model, FOR_EVER).catch((error: unknown) => error)
    const others = [count(model, 1n), count(model, 2n)]
    await sleep(100)
    process.kill(hosts[0]!.pid!, 'SIGSEGV')
    expect(await victim).toMatchObject({
      code: 'ORRERY_RUNTIME_MODEL_CRASHED',
      status: 500,
      message: expect.stringContaining('SIGSEGV'),
    })
    expect(await Promise.all(others)).toEqual([2, 3])
    expect(hosts.length).toBe(2)
    expect(events).toEqual([{ what: 'ended', why: 'SIGSEGV' }])
  })

  it('again and again is left alone, and says so', async () => {
    const { model, hosts, events, breakStarts } = await supervised()
    breakStarts()
    hosts[0]!.end()
    await expect.poll(() => events.at(-1), { timeout: 20_000 }).toMatchObject({ what: 'resting', seconds: 30 })
    expect(hosts.length).toBe(5)
    expect(model.problem()).toMatch(/^its process ended too often; it is tried again in \d+ s$/)
    await expect(count(model, 1n)).rejects.toMatchObject({
      code: 'ORRERY_RUNTIME_MODEL_RESTING',
      status: 503,
      retryAfterSeconds: expect.any(Number),
    })
  })

  it.skipIf(!existsSync('/proc/self/stat'))('does so with its server, even when it hangs', async () => {
    const server = fork(fileURLToPath(new URL('./orphan.fixture.ts', import.meta.url)), {
      execArgv: ['--disable-warning=ExperimentalWarning'],
    })
    const [children] = (await once(server, 'message')) as [number[]]
    expect(children.length).toBe(1)
    expect(existsSync(`/proc/${children[0]}`)).toBe(true)
    server.kill('SIGKILL')
    await expect.poll(() => existsSync(`/proc/${children[0]}`), { timeout: 10_000 }).toBe(false)
  })
})
