/**
 * A new version comes into traffic, and goes again, while 64 connections ask: failed requests, and latency of the second around each
 * change beside that of the seconds before. In the server's own process, through HTTP.
 *
 *     node bench/serving/roll-out.ts [--changes 6] [--connections 64]
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Load, LoadResult } from '../load.ts'
import { FEATURES, trainedOnnx } from './model.ts'

const { values: options } = parseArgs({
  options: { changes: { type: 'string', default: '6' }, connections: { type: 'string', default: '64' } },
})
const connections = Number(options.connections)

const folder = await mkdtemp(join(tmpdir(), 'orrery-bench-'))
// More than stay in memory unasked for: every change loads its version.
const VERSIONS = 8
const files = Array.from({ length: VERSIONS }, (_, v) => v + 1).map((version) => join(folder, `${version}.onnx`))
for (const [v, file] of files.entries()) await writeFile(file, trainedOnnx(v + 1))
const server = fork(`${import.meta.dirname}/server.ts`, ['orrery', files.join(','), 'process'])
const [{ port }] = (await once(server, 'message')) as [{ port: number }]
const client = fork(`${import.meta.dirname}/../load.ts`)
const body = JSON.stringify({ records: [Object.fromEntries(FEATURES.map((name, f) => [name, (f + 1) / 21]))] })

async function ask(seconds: number, during: () => Promise<void> = async () => {}): Promise<LoadResult> {
  const load: Load = { port, path: '/predict/bench', body, connections, seconds }
  client.send(load)
  const answer = once(client, 'message') as Promise<[LoadResult]>
  await during()
  return (await answer)[0]
}

/** Resolves when the version answers. */
async function change(version: number): Promise<number> {
  const started = performance.now()
  server.send({ version })
  await once(server, 'message')
  return performance.now() - started
}

await ask(3)
const rounds: { steady: LoadResult; changed: LoadResult; changeMs: number }[] = []
for (let c = 0; c < Number(options.changes); c++) {
  const steady = await ask(2)
  let changeMs = 0
  const changed = await ask(2, async () => {
    await new Promise((resolve) => setTimeout(resolve, 500))
    changeMs = await change(((c + 1) % VERSIONS) + 1)
  })
  rounds.push({ steady, changed, changeMs })
}
const median = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 1]!
console.log(`load ${loadavg()[0]!.toFixed(1)}, ${connections} connections, ${rounds.length} changes, medians`)
console.log(
  `failed              ${rounds.reduce((sum, { steady, changed }) => sum + steady.failed + changed.failed, 0)}`,
)
console.log(`p99 steady          ${median(rounds.map(({ steady }) => steady.p99Ms)).toFixed(2)} ms`)
console.log(`p99 with a change   ${median(rounds.map(({ changed }) => changed.p99Ms)).toFixed(2)} ms`)
console.log(
  `ratio               ${median(rounds.map(({ steady, changed }) => changed.p99Ms / steady.p99Ms)).toFixed(2)}`,
)
console.log(`change in force in  ${median(rounds.map(({ changeMs }) => changeMs)).toFixed(0)} ms`)
client.disconnect()
server.kill()
await rm(folder, { recursive: true, force: true })
