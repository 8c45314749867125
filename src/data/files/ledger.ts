import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs'

/** One version that was made or brought here. */
export interface LedgerLine {
  /** Path of the dataset in its repository. */
  readonly dataset: string
  /** Name of the project it belongs to: that of orrery.yaml, or of the repository's folder. */
  readonly project: string
  /** Root of the repository it was made in; `null` outside of one. */
  readonly repository: string | null
  readonly kind: 'folder' | 'file'
  readonly version: string
  readonly files: number
  readonly bytes: number
  readonly parent: string | null
  readonly how: 'add' | 'pull' | 'import'
  /** Milliseconds since 1970. */
  readonly at: number
}

/** Appended in one write, so that lines of two commands never mix. */
export function appendLedger(file: string, line: LedgerLine): void {
  const ledger = openSync(file, 'a')
  try {
    // A crash may have left half a line: this one starts on its own.
    writeSync(ledger, `\n${JSON.stringify(line)}\n`)
    fsyncSync(ledger)
  } finally {
    closeSync(ledger)
  }
}

/** Every whole line; what a crash cut off is left out. */
export function readLedger(file: string): LedgerLine[] {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
  return text.split('\n').flatMap((line) => {
    try {
      return line === '' ? [] : [JSON.parse(line) as LedgerLine]
    } catch {
      return []
    }
  })
}
