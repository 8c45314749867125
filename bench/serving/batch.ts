/**
 * Rows per second of a batch, from a Parquet file to a Parquet file with committed parts, next to ONNX Runtime alone on arrays
 * that are in memory already. The same model (200 trees, 20 numbers), one thread each, in turn.
 *
 *     node bench/serving/batch.ts [rows, default 1000000] [rounds, default 5]
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { withDuck } from '#data'
import { loadModel } from '#runtime'
import type { Signature } from '#runtime/contract'
import { exportOnnx, fitModel } from '#trainer'
import { finish } from '../../src/batch/finish.ts'
import { scoreParts } from '../../src/batch/score-parts.ts'
import { FEATURES, tableOf } from './model.ts'

const rows = Number(process.argv[2] ?? 1_000_000)
const rounds = Number(process.argv[3] ?? 5)
const folder = await mkdtemp(join(tmpdir(), 'orrery-bench-batch-'))
const { frame, target } = tableOf(4_000)
const onnx = exportOnnx(
  fitModel({ task: 'binary', classes: ['no', 'yes'] }, { learner: 'boosted_trees', trees: 200 }, { frame, target }),
)
const signature: Signature = {
  ...{ task: 'binary', classes: ['no', 'yes'], label: 'label' },
  features: FEATURES.map((name) => ({ name, kind: 'numeric' })),
}
await writeFile(join(folder, 'model.onnx'), onnx)
const input = join(folder, 'input.parquet')
await withDuck({ folders: [folder] }, (duck) =>
  duck.run(
    `COPY (SELECT range AS id, ${FEATURES.map((name) => `random()::FLOAT AS ${name}`).join(', ')} FROM range(${rows})) TO '${input}' (FORMAT parquet)`,
  ),
)

const ratios: { wall: number; cpu: number }[] = []
console.log('round   ONNX Runtime alone       batch     rows/s: ratio    CPU µs/row: alone    batch   ratio')
for (let round = 0; round < rounds; round++) {
  const alone = await timed(runtimeAlone)
  const batch = await timed(() => batchOf(round))
  const ratio = { wall: batch.perSecond / alone.perSecond, cpu: alone.cpu / batch.cpu }
  ratios.push(ratio)
  console.log(
    `${String(round).padStart(5)} ${alone.perSecond.toFixed(0).padStart(20)} ${batch.perSecond.toFixed(0).padStart(11)} ${ratio.wall.toFixed(2).padStart(17)} ${alone.cpu.toFixed(2).padStart(20)} ${batch.cpu.toFixed(2).padStart(8)} ${ratio.cpu.toFixed(2).padStart(7)}`,
  )
}
const median = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 1]!
console.log(
  `median: ${(100 * median(ratios.map(({ wall }) => wall))).toFixed(0)} % of its rows/s, ${(100 * median(ratios.map(({ cpu }) => cpu))).toFixed(0)} % by CPU`,
)
await rm(folder, { recursive: true, force: true })

async function timed(work: () => Promise<number>): Promise<{ perSecond: number; cpu: number }> {
  const before = process.cpuUsage()
  const seconds = await work()
  const { user, system } = process.cpuUsage(before)
  return { perSecond: rows / seconds, cpu: (user + system) / rows }
}

/** The arrays are made before the clock starts. */
async function runtimeAlone(): Promise<number> {
  const model = await loadModel('bench@1', onnx, signature)
  const size = 4_096
  const columns = FEATURES.map(() => Float32Array.from({ length: size }, Math.random))
  const feeds = model.feeds({ rows: size, columns })
  const started = performance.now()
  for (let row = 0; row < rows; row += size) {
    const count = Math.min(size, rows - row)
    if (count === size) await model.graph.run(feeds)
    else
      await model.graph.run(model.feeds({ rows: count, columns: columns.map((column) => column.subarray(0, count)) }))
  }
  const seconds = (performance.now() - started) / 1000
  await model.close()
  return seconds
}

async function batchOf(round: number): Promise<number> {
  const job = { job: `bench${round}`, folder: join(folder, String(round)) }
  await mkdir(job.folder)
  const to = { kind: 'parquet' as const, path: join(folder, `${round}.parquet`) }
  const started = performance.now()
  await scoreParts(
    {
      ...{ ...job, target: to, files: [{ path: input, rows }], partRows: 100_000, first: 0, of: 1 },
      environments: folder,
      pictures: { roots: [], blobs: '' },
      ...{ onnx: join(folder, 'model.onnx'), signature, model: 'bench', version: 1, keep: ['id'] },
    },
    () => {},
  )
  await finish({ ...job, target: to })
  return (performance.now() - started) / 1000
}
