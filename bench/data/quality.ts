/**
 * Profile, expectations and row diff, Orrery and its peers in turn on the same table:
 *
 *     node bench/data/quality.ts --python <venv>/bin/python [--rows 1000000] [--repeat 3] [--csv] [--diff 10000000]
 *     node bench/data/quality.ts --profile-only --rows 50000000 --repeat 1
 *
 * The venv holds great_expectations, pandera[polars], evidently and pyarrow.
 */
import { execFile } from 'node:child_process'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { withDuck } from '../../src/data/duckdb.ts'
import { parquet, text } from '../../src/data/sql.ts'
import { writeParquet } from '../../src/data/write-parquet.ts'

const run = promisify(execFile)
const { values } = parseArgs({
  options: {
    python: { type: 'string' },
    rows: { type: 'string', default: '1000000' },
    repeat: { type: 'string', default: '3' },
    diff: { type: 'string' },
    csv: { type: 'boolean', default: false },
    'profile-only': { type: 'boolean', default: false },
    evidently: { type: 'boolean', default: false },
  },
})
const rows = Number(values.rows)
const here = (name: string) => new URL(name, import.meta.url).pathname

interface Used {
  seconds: number
  cpuSeconds: number
}
interface Cost extends Used {
  peakMiB: number
  /** Of Orrery: without loading DuckDB, as peers are measured without their imports; and the process until it is loaded. */
  bare?: Used
  start?: Used
}

/** 1 id, 20 columns of numbers, 6 of categories, 2 of text, 1 of times: thirty. */
const columns = [
  'i::DOUBLE AS id',
  ...Array.from(
    { length: 20 },
    (_, c) =>
      `CASE WHEN ${c} >= 12 AND hash(i, ${c}) % 20 = 0 THEN NULL ELSE (hash(i, ${c}) % 1000000)::DOUBLE / ${1100 + 50 * c} - 450 END AS n${c}`,
  ),
  ...Array.from({ length: 6 }, (_, c) => `'v' || (hash(i, ${c + 40}) % ${10 * (c + 1)}) AS c${c}`),
  `'name ' || (hash(i, 60) % 100000) AS t0`,
  `'note ' || (hash(i, 61) % 500) || ' of ' || (hash(i, 62) % 40) AS t1`,
  `TIMESTAMP '2024-01-01' + INTERVAL (i) SECOND AS "at"`,
]

const folder = await mkdtemp(join(tmpdir(), 'orrery-bench-'))
try {
  const table = join(folder, 'table.parquet')
  const write = (query: string, path: string) =>
    withDuck({ folders: [folder], memoryMb: 2_048 }, (duck) => writeParquet(duck, query, path, columns.length))
  await write(`SELECT ${columns.join(', ')} FROM range(${rows}) t(i)`, table)
  console.log(`${rows.toLocaleString('en-US')} rows × ${columns.length} columns`)

  const own =
    (work: string, ...paths: string[]) =>
    () =>
      cost(process.execPath, [here('own-quality.ts'), work, ...paths])
  const peer = (name: string) => () => cost(values.python!, [here('quality_peers.py'), name, table])
  const measured: Record<string, Cost[]> = {}
  const works: Record<string, () => Promise<Cost>> = { 'orrery profile': own('profile', table) }
  if (!values['profile-only'])
    Object.assign(works, {
      'duckdb scan alone': own('scan', table),
      'orrery check': own('check', table),
      'orrery whole ingest': own('ingest', table),
    })
  if (values.csv) {
    const csv = join(folder, 'table.csv')
    await withDuck({ folders: [folder] }, (duck) => duck.run(`COPY (FROM ${parquet(table)}) TO ${text(csv)} (HEADER)`))
    console.log(`as CSV: ${((await stat(csv)).size / 1e6).toFixed(0)} MB`)
    Object.assign(works, {
      'duckdb reads the CSV': own('csv-scan', csv),
      'duckdb CSV to Parquet': own('csv-to-parquet', csv),
      'orrery CSV, described': own('csv', csv),
    })
  }
  if (values.python && !values['profile-only']) {
    works['pandera-polars check'] = peer('pandera')
    works['great_expectations check'] = peer('gx')
    if (values.evidently) works['evidently summary'] = peer('evidently')
  }
  // In turn, so that a busy minute of the machine meets all of them.
  for (let round = 0; round < Number(values.repeat); round++)
    for (const [name, work] of Object.entries(works)) measured[name] = [...(measured[name] ?? []), await work()]
  const middle = (figures: number[]) => figures.sort((a, b) => a - b)[Math.floor(figures.length / 2)]!
  const median = (name: string, figure: 'seconds' | 'cpuSeconds' | 'peakMiB') =>
    middle(measured[name]!.map((one) => one[figure]))
  const part = (name: string, of: 'bare' | 'start', figure: keyof Used) =>
    middle(measured[name]!.map((one) => one[of]![figure]))
  for (const [name, costs] of Object.entries(measured)) {
    const bare = costs[0]!.bare
      ? `  (DuckDB loaded: ${part(name, 'bare', 'seconds').toFixed(2)} s  ${part(name, 'bare', 'cpuSeconds').toFixed(2)} CPU s)`
      : ''
    console.log(
      `${name.padEnd(26)} ${median(name, 'seconds').toFixed(2)} s  ${median(name, 'cpuSeconds').toFixed(2)} CPU s  ${median(name, 'peakMiB')} MiB${bare}`,
    )
  }
  console.log(
    `a process of ours until DuckDB is loaded: ${part('orrery profile', 'start', 'seconds').toFixed(2)} s  ${part('orrery profile', 'start', 'cpuSeconds').toFixed(2)} CPU s`,
  )
  const cells = (rows * columns.length) / 1e7
  console.log(`profile: ${(median('orrery profile', 'cpuSeconds') / cells).toFixed(2)} CPU s per 10 M cells`)
  for (const name of ['pandera-polars check', 'great_expectations check'])
    if (measured[name])
      for (const [how, seconds, cpu] of [
        ['with loading DuckDB', median('orrery check', 'seconds'), median('orrery check', 'cpuSeconds')],
        ['loaded', part('orrery check', 'bare', 'seconds'), part('orrery check', 'bare', 'cpuSeconds')],
      ] as const)
        console.log(
          `${name} ÷ orrery check, ${how}: ${(median(name, 'seconds') / seconds).toFixed(2)} by wall, ${(median(name, 'cpuSeconds') / cpu).toFixed(2)} by CPU`,
        )
  for (const name of ['duckdb reads the CSV', 'duckdb CSV to Parquet'])
    if (measured[name])
      console.log(
        `orrery CSV, described ÷ ${name}: ${(part('orrery CSV, described', 'bare', 'seconds') / part(name, 'bare', 'seconds')).toFixed(2)} by wall, ${(part('orrery CSV, described', 'bare', 'cpuSeconds') / part(name, 'bare', 'cpuSeconds')).toFixed(2)} by CPU`,
      )
  if (measured['evidently summary'])
    console.log(
      `evidently summary ÷ orrery profile: ${(median('evidently summary', 'cpuSeconds') / median('orrery profile', 'cpuSeconds')).toFixed(1)} by CPU`,
    )

  if (values.diff) {
    const [before, after] = [join(folder, 'before.parquet'), join(folder, 'after.parquet')]
    const few = columns.filter((one) => /AS (id|n0|n1|n2|n3|c0|t0|"at")$/.test(one)).join(', ')
    await write(`SELECT ${few} FROM range(${values.diff}) t(i)`, before)
    await write(
      `SELECT * REPLACE (CASE WHEN id % 100 = 3 THEN n0 + 1 ELSE n0 END AS n0) FROM read_parquet(${text(before)})`,
      after,
    )
    const { seconds, cpuSeconds, peakMiB } = await own('diff', before, after)()
    console.log(
      `diff of ${Number(values.diff).toLocaleString('en-US')} rows × 8, 1 % changed: ${seconds.toFixed(1)} s, ${cpuSeconds.toFixed(1)} CPU s, ${peakMiB} MiB`,
    )
  }
} finally {
  await rm(folder, { recursive: true })
}

async function cost(program: string, args: string[]): Promise<Cost> {
  const { stdout } = await run(program, args, {
    maxBuffer: 1e8,
    env: { ...process.env, GX_ANALYTICS_ENABLED: 'false' },
  })
  return JSON.parse(stdout.trim().split('\n').at(-1)!)
}
