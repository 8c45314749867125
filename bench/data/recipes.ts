/**
 * Recipes of many columns: fitted and applied to a table, and in front of a model in the package. Beside scikit-learn's
 * ColumnTransformer that does the same, and its export by skl2onnx, in turn:
 *
 *     node bench/data/recipes.ts [--columns 200,2000] [--rows 20000] [--repeat 3] [--python <venv>/bin/python]
 *
 * The venv holds scikit-learn, pandas, pyarrow, skl2onnx and onnxruntime. Four of five columns are numbers: filled in, clipped,
 * scaled; the others texts: rare ones grouped, one column for each category.
 */
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { fitPreparation, prepareTable, withDuck } from '#data'
import type { Preparation } from '#preparation'
import { exportInFront } from '#trainer'
import { text } from '../../src/data/sql.ts'
import { GraphBuilder } from '../../src/trainer/onnx/graph.ts'

const run = promisify(execFile)
const { values } = parseArgs({
  options: {
    columns: { type: 'string', default: '200,2000' },
    rows: { type: 'string', default: '20000' },
    repeat: { type: 'string', default: '3' },
    python: { type: 'string' },
  },
})
const ROWS = Number(values.rows)
const PEER = new URL('recipes_peer.py', import.meta.url).pathname

type Cost = Record<string, number>
const folder = await mkdtemp(join(tmpdir(), 'orrery-bench-'))
try {
  for (const columns of values.columns.split(',').map(Number)) await compare(columns)
} finally {
  await rm(folder, { recursive: true })
}

async function compare(columns: number): Promise<void> {
  const texts = Math.round(columns / 5)
  const names = Array.from({ length: columns }, (_, c) => (c < columns - texts ? `n${c}` : `t${c}`))
  const table = join(folder, `table-${columns}.parquet`)
  await withDuck({ folders: [folder], wide: columns > 200, memoryMb: 2_000 }, (duck) =>
    duck.run(
      `COPY (SELECT ${names.map(cell).join(', ')} FROM range(${ROWS}) t(i)) TO ${text(table)} (FORMAT parquet, ROW_GROUP_SIZE 4096)`,
    ),
  )
  const costs: Record<string, Cost[]> = { orrery: [] }
  if (values.python) costs['scikit-learn'] = []
  for (let round = 0; round < Number(values.repeat); round++) {
    costs.orrery!.push(await orrery(names, table))
    if (values.python) {
      const { stdout } = await run(values.python, [PEER, table], { maxBuffer: 1e8 })
      costs['scikit-learn']!.push(JSON.parse(stdout.trim().split('\n').at(-1)!))
    }
  }
  console.log(`\n${columns} columns, ${ROWS.toLocaleString('en-US')} rows`)
  const median = (who: string, what: string) =>
    costs[who]!.map((cost) => cost[what]!).sort((a, b) => a - b)[Math.floor(costs[who]!.length / 2)]!
  for (const what of Object.keys(costs.orrery![0]!)) {
    const [own, peer] = Object.keys(costs).map((who) => median(who, what))
    const ratio =
      peer === undefined || Number.isNaN(peer) ? '' : `  scikit-learn ${peer.toFixed(3)}, ${(peer / own!).toFixed(1)} ×`
    console.log(`${what.padEnd(32)} ${own!.toFixed(3)}${ratio}`)
  }
}

/** One in twenty is missing. */
function cell(name: string, c: number): string {
  const value = name.startsWith('n')
    ? `((hash(i, ${c}) % 100000)::DOUBLE / ${1 + (c % 9)})`
    : `'v' || (hash(i, ${c}) % ${4 + (c % 5)})`
  return `CASE WHEN hash(i, ${c}, 1) % 20 > 0 THEN ${value} END AS ${name}`
}

async function orrery(names: readonly string[], table: string): Promise<Cost> {
  const numeric = (name: string) => name.startsWith('n')
  const schema = {
    columns: names.map((name) => ({
      ...{ name, type: numeric(name) ? ('numeric' as const) : ('categorical' as const) },
      ...{ missing: 0, integer: false, constant: false },
    })),
  }
  const fitting = timed(() =>
    fitPreparation({
      ...{ parquetPath: table, schema, features: names, first: 0, folder: join(folder, 'work') },
      train: Array.from({ length: ROWS }, (_, row) => row),
      steps: [
        { impute: { columns: 'numbers', with: 'median', flag: false } },
        { clip: { columns: 'numbers', from: { share: 0.01 }, to: { share: 0.99 } } },
        { scale: { columns: 'numbers', to: 'standard' } },
        { group_rare: { columns: 'texts', below: 0.01, as: 'other' } },
        { encode: { columns: 'texts', as: 'one_hot', most: 20 } },
      ],
    }),
  )
  const fitted = await fitting
  const applied = await timed(() => prepareTable(table, fitted.result, join(folder, 'work')))
  return { 'fit, CPU s': fitted.cpu, 'transform, CPU s': applied.cpu, ...(await served(fitted.result)) }
}

/** In the runtime of the server: opened, and asked about one row, as most requests are, and about a hundred. */
async function served(preparation: Preparation): Promise<Cost> {
  const columns = preparation.program.columns.map((column) => column.name)
  const file = exportInFront(preparation, echo(columns.length), {
    inputs: [{ name: 'X', elementType: 1, columns }],
    answer: 'Y',
  })
  const opened = await timed(() => InferenceSession.create(file, { intraOpNumThreads: 1 }))
  const session = opened.result
  const feeds = (rows: number) =>
    Object.fromEntries(
      preparation.inputs.map(({ name, kind }, c) => [
        name,
        kind === 'number'
          ? new Tensor(
              'float32',
              Float32Array.from({ length: rows }, (_, r) => (r * 17 + c) % 1000),
              [rows, 1],
            )
          : new Tensor(
              'string',
              Array.from({ length: rows }, (_, r) => `v${(r + c) % 5}`),
              [rows, 1],
            ),
      ]),
    )
  const cost: Cost = { 'file, MB': file.length / 1e6, 'open, CPU s': opened.cpu }
  for (const rows of [1, 100]) {
    const asked = feeds(rows)
    for (let i = 0; i < 5; i++) await session.run(asked)
    const times = Math.max(10, Math.round(200 / Math.sqrt(preparation.inputs.length)))
    const { cpu } = await timed(async () => {
      for (let i = 0; i < times; i++) await session.run(asked)
    })
    cost[`${rows} row${rows > 1 ? 's' : ''}, CPU ms`] = (cpu / times) * 1e3
  }
  await session.release()
  return cost
}

/** A model that gives its columns back: what is left is the preparation. */
function echo(columns: number): Uint8Array {
  const graph = new GraphBuilder(['X', 'Y'])
  graph.input('X', 'float', columns)
  graph.node('Identity', ['X'], {}, 'Y')
  graph.output('Y', 'float', [columns])
  return graph.finish('echo', {})
}

async function timed<T>(work: () => Promise<T>): Promise<{ result: T; cpu: number }> {
  const before = process.cpuUsage()
  const result = await work()
  const { user, system } = process.cpuUsage(before)
  return { result, cpu: (user + system) / 1e6 }
}
