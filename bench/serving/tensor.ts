/**
 * CPU of one picture of 64×64×3 as a binary tensor of the Open Inference Protocol, answered by `orrery serve`, over the CPU of ONNX
 * Runtime's own run of it, called from Node and nothing around. In turn, in one run.
 *
 *     node bench/serving/tensor.ts [--seconds 3] [--rounds 3] [--width 32, channels after the first convolution: 16 is small, 64 runs in a process of its own]
 */
import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { openTensorModel } from '#runtime'
import type { Load, LoadResult } from '../load.ts'
import { cnnOnnx, PIXELS } from './cnn.ts'
import { usageOf } from './peers.ts'

const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '3' },
    rounds: { type: 'string', default: '3' },
    width: { type: 'string', default: '32' },
  },
})
const seconds = Number(options.seconds)
const pixels = new Float32Array(PIXELS.reduce((a, b) => a * b, 1)).map((_, i) => (i % 255) / 255)

// Placed in this process, it is what the bench of the runtime alone asks.
if (process.send) await serveOwnRuns()
else await main()

async function main(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'orrery-bench-'))
  await writeFile(join(folder, 'cnn.onnx'), cnnOnnx(Number(options.width)))
  const { port, server } = await startServer(join(folder, 'cnn.onnx'))
  const client = fork(`${import.meta.dirname}/../load.ts`)
  const own = fork(import.meta.filename, ['--width', options.width])
  const header = JSON.stringify({
    inputs: [
      { name: 'x', shape: [1, ...PIXELS], datatype: 'FP32', parameters: { binary_data_size: pixels.byteLength } },
    ],
    outputs: [{ name: 'y', parameters: { binary_data: true } }],
  })
  const body = Buffer.concat([Buffer.from(header), Buffer.from(pixels.buffer)])
  const load = (connections: number, time: number): Load => ({
    ...{ port, path: '/v2/models/cnn/infer', body: '', binary: body.toString('base64'), connections, seconds: time },
    headers: {
      'content-type': 'application/octet-stream',
      'inference-header-content-length': String(header.length),
    },
  })
  const ask = async (connections: number, time: number) => {
    const before = usageOf(server.pid!).cpu
    client.send(load(connections, time))
    const [result] = (await once(client, 'message')) as [LoadResult]
    if (result.failed > 0) throw new Error(`${result.failed} requests failed`)
    return { ...result, cpu: (usageOf(server.pid!).cpu - before) / result.requests }
  }
  const runAlone = async (time: number) => {
    own.send(time)
    return ((await once(own, 'message')) as [number])[0]
  }
  await ask(8, 2)
  await runAlone(1)
  const rounds: { alone: number; one: number; eight: number; perSecond: number }[] = []
  for (let round = 0; round < Number(options.rounds); round++) {
    const alone = await runAlone(seconds)
    const one = await ask(1, seconds)
    const eight = await ask(8, seconds)
    rounds.push({ alone, one: one.cpu, eight: eight.cpu, perSecond: eight.perSecond })
  }
  const median = (of: (round: (typeof rounds)[number]) => number) =>
    rounds.map(of).sort((a, b) => a - b)[rounds.length >> 1]!
  console.log(
    `width ${options.width}, load ${loadavg()[0]!.toFixed(1)}, ${rounds.length} rounds of ${seconds} s, medians; CPU µs per picture`,
  )
  console.log(`ONNX Runtime alone        ${median(({ alone }) => alone).toFixed(0)}`)
  console.log(
    `orrery, 1 connection      ${median(({ one }) => one).toFixed(0)}  ${median(({ one, alone }) => one / alone).toFixed(2)} ×`,
  )
  console.log(
    `orrery, 8 connections     ${median(({ eight }) => eight).toFixed(0)}  ${median(({ eight, alone }) => eight / alone).toFixed(2)} ×  ${median(({ perSecond }) => perSecond).toFixed(0)} pictures/s`,
  )
  own.disconnect()
  client.disconnect()
  server.kill()
  await rm(folder, { recursive: true, force: true })
}

async function startServer(file: string): Promise<{ port: number; server: ChildProcess }> {
  const server = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', `${import.meta.dirname}/../../src/main.ts`, 'serve', file, '--port', '0'],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  )
  let words = ''
  for (const stream of [server.stdout, server.stderr]) stream.on('data', (chunk) => (words += chunk))
  for (let tries = 0; tries < 300; tries++) {
    const [, port] = /http:\/\/[\w.]+:(\d+)/.exec(words) ?? []
    if (
      port &&
      (await fetch(`http://127.0.0.1:${port}/v2/models/cnn/ready`).then(
        ({ ok }) => ok,
        () => false,
      ))
    )
      return { port: Number(port), server }
    await sleep(100)
  }
  throw new Error(`orrery serve did not start: ${words}`)
}

async function serveOwnRuns(): Promise<void> {
  const model = await openTensorModel('cnn', cnnOnnx(Number(options.width)))
  process.on('disconnect', () => process.exit(0))
  process.on('message', async (time: number) => {
    const before = process.cpuUsage()
    const end = performance.now() + 1000 * time
    let runs = 0
    for (; performance.now() < end; runs++)
      await model.run({ x: { datatype: 'FP32', shape: [1, ...PIXELS], data: pixels } })
    const { user, system } = process.cpuUsage(before)
    process.send!((user + system) / runs)
  })
}
