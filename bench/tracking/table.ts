export interface Figure {
  readonly work: string
  readonly server: string
  readonly values: Readonly<Record<string, number>>
}

const UNITS: Readonly<Record<string, string>> = {
  perSecond: '/s',
  p50Ms: 'p50 ms',
  p95Ms: 'p95 ms',
  p99Ms: 'p99 ms',
  cpuMs: 'CPU ms',
  failed: 'failed',
  processes: 'processes',
  memoryMiB: 'MiB',
  upMBs: 'up MB/s',
  downMBs: 'down MB/s',
  grownMiB: 'grown MiB',
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!
}

/** A table per work, each server's figures and how many times the first server's they are. */
export function printTable(figures: readonly Figure[]): void {
  for (const [work, rows] of Map.groupBy(figures, (figure) => figure.work)) {
    const keys = Object.keys(rows[0]!.values)
    const peer = rows.length > 1 ? rows[0]! : undefined
    console.log(`| ${[work, ...keys.map((key) => UNITS[key] ?? key)].join(' | ')} |`)
    console.log(`| ${['---', ...keys.map(() => '---')].join(' | ')} |`)
    for (const row of rows) {
      const cells = keys.map((key) => {
        const value = row.values[key]!
        const before = peer?.values[key]
        const ratio = peer && row !== peer && before ? ` (× ${short(value / before)})` : ''
        return `${short(value)}${ratio}`
      })
      console.log(`| ${[row.server, ...cells].join(' | ')} |`)
    }
    console.log()
  }
}

function short(value: number): string {
  if (value >= 100) return Math.round(value).toLocaleString('en')
  return value >= 10 ? value.toFixed(1) : value >= 0.1 ? value.toFixed(2) : value.toPrecision(2)
}
