/** Starts `lightgbm_peer.py` in a Python environment made once under the system's folder for temporary files. */
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { LabelledRows } from '#trainer'

const LIGHTGBM = 'lightgbm==4.7.0'

export interface PeerTask {
  readonly train: readonly number[]
  readonly test: readonly number[]
  readonly params: Readonly<Record<string, number | string | boolean>>
  readonly rounds: number
}

export interface Peer {
  load(rows: LabelledRows): Promise<{ version: string }>
  fit(task: PeerTask): Promise<{ cpu: number; scores: number[] }>
  stop(): void
}

/** @throws when Python 3 or the package cannot be had; `say` tells what takes long */
export function startPeer(say: (line: string) => void): Peer {
  const home = join(tmpdir(), 'orrery-bench-lightgbm')
  const python = join(home, 'bin', 'python')
  const made = join(home, 'made')
  if (!existsSync(made)) {
    say(`making a Python environment with ${LIGHTGBM} in ${home}`)
    execFileSync('python3', ['-m', 'venv', home], { stdio: 'inherit' })
    execFileSync(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', LIGHTGBM], {
      stdio: 'inherit',
    })
    writeFileSync(made, '')
  }
  const scratch = mkdtempSync(join(tmpdir(), 'orrery-bench-'))
  const script = fileURLToPath(new URL('./lightgbm_peer.py', import.meta.url))
  const child = spawn(python, [script], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, OMP_NUM_THREADS: '1' },
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  async function ask<Answer>(request: unknown): Promise<Answer> {
    child.stdin.write(`${JSON.stringify(request)}\n`)
    const { value, done } = await lines.next()
    if (done) throw new Error('the LightGBM peer ended; see its message above')
    return JSON.parse(value) as Answer
  }
  return {
    load(rows) {
      const path = join(scratch, 'table.json')
      writeFileSync(path, JSON.stringify(asMatrix(rows)))
      return ask({ load: path })
    },
    fit: (task) => ask({ fit: task }),
    stop() {
      child.stdin.end()
      rmSync(scratch, { recursive: true, force: true })
    },
  }
}

/** Categories as their codes, which LightGBM is told about; `NaN` becomes null. */
function asMatrix({ frame, target }: LabelledRows) {
  const columns = frame.columns.map((column) =>
    column.kind === 'numeric'
      ? column.values
      : Float64Array.from(column.codes, (code) => (code < 0 ? Number.NaN : code)),
  )
  return {
    x: Array.from({ length: frame.rows }, (_, r) => columns.map((values) => values[r])),
    y: Array.from(target),
    categorical: frame.columns.flatMap((column, i) => (column.kind === 'categorical' ? [i] : [])),
  }
}
