/**
 * A child process that reads one table and says what it cost. Used by tests and benches only:
 * `node memory.fixture.ts <csv> <target folder>` prints one line of JSON.
 */
import { readFileSync } from 'node:fs'
import { ingestTable } from './ingest.ts'

const [source, target] = process.argv.slice(2) as [string, string]
const started = performance.now()
const phases: { phase: string; seconds: number }[] = []
let since = started
const ended = () => {
  const now = performance.now()
  if (phases.length > 0) phases.at(-1)!.seconds = (now - since) / 1000
  since = now
}
const split = { by: 'time' as const, seed: 0, train: 0.8, validation: 0.1, test: 0.1 }
const { rows, contentHash, bytes } = await ingestTable({
  spec: {
    source,
    label: 'label',
    time: ['ts'],
    split,
    expect: [{ column: 'n0', between: [0, 1000], otherwise: 'stop' }],
  },
  folder: '/',
  target,
  progress: (phase) => {
    ended()
    phases.push({ phase, seconds: 0 })
  },
})
ended()
const cpu = process.cpuUsage()
// The peak of the whole process, DuckDB's memory included; only Linux tells it.
const peak = /VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]
process.stdout.write(
  `${JSON.stringify({
    rows,
    contentHash,
    parquetMb: bytes / 1e6,
    seconds: (performance.now() - started) / 1000,
    cpuSeconds: (cpu.user + cpu.system) / 1e6,
    peakMb: (Number(peak) * 1024) / 1e6,
    phases,
  })}\n`,
)
