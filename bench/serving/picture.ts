/**
 * CPU of one JPEG of 640×480 from the request to the logged, durable answer, over that of sharp decoding it to the model's size and
 * the model's run and nothing around: no request, no hash, no statistics, no limits. In turn, in one run; the client's CPU is not
 * counted. `bare` is an empty `node:http` server that does the same two things: what a request costs that is as lonely as ours.
 *
 *     node bench/serving/picture.ts [--seconds 3] [--rounds 5] [--width 32, channels after the first convolution]
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { mkdtemp, rm } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { pino } from 'pino'
import sharp from 'sharp'
import type { Pixels } from '#pictures'
import { openHttp } from '#platform/http'
import { openSqlite } from '#platform/storage'
import { systemClock } from '#platform/time'
import { loadModel, pixelFeeds } from '#runtime'
import type { Signature } from '#runtime/contract'
import { mountServing, openServing, servingMigrations } from '#serving'
import type { Load, LoadResult } from '../load.ts'
import { cnnOnnx } from './cnn.ts'
import { usageOf } from './peers.ts'

const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '3' },
    rounds: { type: 'string', default: '5' },
    width: { type: 'string', default: '32' },
    part: { type: 'string' },
  },
})
const signature = {
  task: 'binary',
  classes: ['no', 'yes'],
  label: 'label',
  features: [],
  graph: { inputs: [], output: 'y' },
  image: {
    ...{ input: 'x', width: 64, height: 64, channels: 3, layout: 'NHWC', fit: 'fill' },
    ...{ mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] },
  },
} satisfies Signature
const bytes = cnnOnnx(Number(options.width))

if (options.part === 'alone') await serveOwnRuns()
else if (options.part === 'bare') await serveBare()
else if (options.part === 'server') await serveOrrery()
else await main()

async function main(): Promise<void> {
  const start = (part: string) => fork(import.meta.filename, ['--width', options.width, '--part', part])
  const [server, bare, own] = [start('server'), start('bare'), start('alone')]
  const client = fork(`${import.meta.dirname}/../load.ts`)
  const portOf = async (one: ChildProcess) => ((await once(one, 'message')) as [{ port: number }])[0].port
  const ports = new Map([server, bare].map((one) => [one, portOf(one)]))
  const [jpeg] = await frame()
  const seconds = Number(options.seconds)
  const ask = async (connections: number, time: number, one = server) => {
    const port = await ports.get(one)!
    const before = usageOf(one.pid!).cpu
    client.send({
      ...{ port, path: '/predict/bench', body: '', binary: jpeg.toString('base64'), connections, seconds: time },
      headers: { 'content-type': 'image/jpeg' },
    } satisfies Load)
    const [result] = (await once(client, 'message')) as [LoadResult]
    if (result.failed > 0) throw new Error(`${result.failed} requests failed`)
    return { ...result, cpu: (usageOf(one.pid!).cpu - before) / result.requests }
  }
  const runAlone = async (time: number) => {
    own.send({ time, jpeg: jpeg.toString('base64') })
    return ((await once(own, 'message')) as [number])[0]
  }
  await ask(4, 1)
  await ask(4, 1, bare)
  await runAlone(1)
  const rounds: { alone: number; bare: number; one: number; four: number; perSecond: number }[] = []
  for (let round = 0; round < Number(options.rounds); round++) {
    const alone = await runAlone(seconds)
    const one = await ask(1, seconds)
    const four = await ask(4, seconds)
    const { cpu } = await ask(4, seconds, bare)
    rounds.push({ alone, bare: cpu, one: one.cpu, four: four.cpu, perSecond: four.perSecond })
  }
  const sorted = (of: (round: (typeof rounds)[number]) => number) => rounds.map(of).sort((a, b) => a - b)
  const median = (of: (round: (typeof rounds)[number]) => number) => sorted(of)[rounds.length >> 1]!
  const spread = (of: (round: (typeof rounds)[number]) => number) => {
    const all = sorted(of)
    return `${median(of).toFixed(2)} × (${all[0]!.toFixed(2)} to ${all.at(-1)!.toFixed(2)})`
  }
  console.log(
    `width ${options.width}, ${jpeg.length} bytes, load ${loadavg()[0]!.toFixed(1)}, ${rounds.length} rounds of ${seconds} s, medians; CPU µs per picture`,
  )
  console.log(`decode and run alone      ${median(({ alone }) => alone).toFixed(0)}`)
  console.log(
    `bare, 4 connections       ${median(({ bare }) => bare).toFixed(0)}  ${spread(({ bare, alone }) => bare / alone)}`,
  )
  console.log(
    `orrery, 1 connection      ${median(({ one }) => one).toFixed(0)}  ${spread(({ one, alone }) => one / alone)}`,
  )
  console.log(
    `orrery, 4 connections     ${median(({ four }) => four).toFixed(0)}  ${spread(({ four, alone }) => four / alone)}  ${median(({ perSecond }) => perSecond).toFixed(0)} pictures/s; over bare ${spread(({ four, bare }) => four / bare)}`,
  )
  for (const child of [server, bare, own, client]) child.disconnect()
}

/** A frame with something in it: shapes and noise, as large as a camera's. */
async function frame(): Promise<[Buffer]> {
  const [width, height] = [640, 480]
  let state = 7
  const data = Buffer.alloc(width * height * 3)
  for (let i = 0; i < data.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    const [x, y] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width)]
    data[i] = 128 + 70 * Math.sin(x / 17 + (i % 3)) * Math.cos(y / 23) + (state >>> 28)
  }
  return [
    await sharp(data, { raw: { width, height, channels: 3 } })
      .jpeg({ quality: 85 })
      .toBuffer(),
  ]
}

/** The two things that cannot be left out. */
async function decodeAndRun(): Promise<(file: Buffer) => Promise<number>> {
  const model = await loadModel('bench', bytes, signature)
  const { width, height, channels, fit } = signature.image
  sharp.concurrency(1)
  sharp.cache(false)
  return async (file) => {
    const data = await sharp(file, { sequentialRead: true }).resize({ width, height, fit }).raw().toBuffer()
    const pixels: Pixels = { width, height, channels, data }
    return (await model.run(pixelFeeds(signature.image, [pixels]), 1))[0]!
  }
}

async function serveBare(): Promise<void> {
  const answer = await decodeAndRun()
  process.on('disconnect', () => process.exit(0))
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk) => chunks.push(chunk))
    request.on('end', async () => {
      const body = JSON.stringify({ answer: await answer(Buffer.concat(chunks)) })
      response.setHeader('content-type', 'application/json')
      response.end(body)
    })
  })
  server.listen(0, '127.0.0.1', () => process.send!({ port: (server.address() as AddressInfo).port }))
}

async function serveOwnRuns(): Promise<void> {
  const answer = await decodeAndRun()
  process.on('disconnect', () => process.exit(0))
  process.on('message', async ({ time, jpeg }: { time: number; jpeg: string }) => {
    const file = Buffer.from(jpeg, 'base64')
    const before = process.cpuUsage()
    const end = performance.now() + 1000 * time
    let runs = 0
    for (; performance.now() < end; runs++) await answer(file)
    const { user, system } = process.cpuUsage(before)
    process.send!((user + system) / runs)
  })
}

async function serveOrrery(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'orrery-bench-'))
  process.on('disconnect', () => void rm(folder, { recursive: true, force: true }).then(() => process.exit(0)))
  const storage = await openSqlite({ file: join(folder, 'bench.db'), durability: 'full' })
  await storage.migrate(servingMigrations)
  const log = pino({ level: 'error' })
  const traffic = { stable: [{ version: 1, weight: 1 }], canary: null, reference: null, kept: [] }
  const serving = openServing({
    ...{ storage, log, clock: systemClock, journal: join(folder, 'predictions') },
    endpoints: {
      endpoint: async () => ({ project: 'bench', model: 'bench', traffic, time: [] }),
      names: async () => ['bench'],
      package: async () => ({ bytes, signature }),
      onTrafficChanged: () => () => {},
    },
  })
  const http = await openHttp({ log, version: '0', authorize: async () => ({ name: 'local', roles: ['admin'] }) })
  mountServing(http, serving)
  await serving.warmAll()
  process.send!({ port: Number(new URL(await http.fastify.listen({ port: 0, host: '127.0.0.1' })).port) })
}
