import { open } from 'node:fs/promises'
import type { Storage } from '#platform/storage'
import { type LabelRule, refusalOf } from '../label-rule.ts'
import { type Amendment, amendScores, type NewPrediction } from '../store.ts'
import { createPredictionWriter, type LogHint } from '../write-predictions.ts'
import { decodeBlocks, wholeBlockBehind } from './block.ts'
import { readLines } from './line.ts'
import { forgetSegments, movedOf, setMoved } from './store.ts'

export interface MoveRequest {
  readonly segment: string
  readonly path: string
  /** Up to here all is written; absent of a file that an earlier process left, which may end in a block that is not whole. */
  readonly end?: number
  /** What a label must be, by endpoint. */
  readonly rules: Readonly<Record<string, LabelRule>>
  /** Files that were deleted since. */
  readonly gone: readonly string[]
}

export interface Moved {
  /** Up to here it is in the table. */
  readonly end: number
  readonly records: number
  readonly hints: readonly LogHint[]
  /** There is more to move before `end` of the request. */
  readonly more: boolean
  /** Bytes from `end` on that are no whole blocks, where there is no more to move. */
  readonly unreadable: number
  /** Something whole follows them: not a crash in the middle of a write, but a file that has lost records. */
  readonly damaged: boolean
}

/** Of one transaction: other writers wait for no more than this, some ten milliseconds. */
const MOST_RECORDS = 2_000
const READ_AT_ONCE = 4 << 20

export type Mover = (request: MoveRequest) => Promise<Moved>

/**
 * Moves a stretch of a file into the table. Where it ended stands in the same transaction, so each record is moved once, whatever
 * crashes in between.
 */
export function createMover(storage: Storage): Mover {
  const writePredictions = createPredictionWriter(storage)

  return async ({ segment, path, end, rules, gone }) => {
    const file = await open(path)
    try {
      const size = end ?? (await file.stat()).size
      const from = await movedOf(storage, segment)
      const { predictions, amendments, to } = await readSome(file, from, size)
      if (to === from) {
        const damaged = to < size && wholeBlockBehind(await readAll(file, to, size))
        return { end: from, records: 0, hints: [], more: false, unreadable: size - from, damaged }
      }
      const { hints } = await storage.write(async (tx) => {
        if (gone.length > 0) await forgetSegments(tx, gone)
        await setMoved(tx, segment, to)
        const written = await writePredictions(tx, predictions, (endpoint, label) => refusalOf(rules[endpoint], label))
        await amendScores(tx, amendments)
        return written
      })
      return { end: to, records: predictions.length, hints, more: to < size, unreadable: 0, damaged: false }
    } finally {
      await file.close()
    }
  }
}

/** Whole blocks from `from` on, until there are enough records for one transaction. */
async function readSome(file: Awaited<ReturnType<typeof open>>, from: number, size: number) {
  const predictions: NewPrediction[] = []
  const amendments: Amendment[] = []
  let to = from
  let atOnce = READ_AT_ONCE
  while (to < size) {
    const wanted = Math.min(atOnce, size - to)
    const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(wanted), 0, wanted, to)
    const { blocks, whole } = decodeBlocks(buffer.subarray(0, bytesRead))
    for (const { text, length } of blocks) {
      const read = readLines(text)
      for (const one of read.predictions) predictions.push(one)
      for (const one of read.amendments) amendments.push(one)
      to += length
      if (predictions.length + amendments.length >= MOST_RECORDS) return { predictions, amendments, to }
    }
    if (whole > 0) continue
    // Not even one: the rest of the file is no whole block, or one block is longer than what was read.
    if (wanted === size - to) break
    atOnce = size - to
  }
  return { predictions, amendments, to }
}

async function readAll(file: Awaited<ReturnType<typeof open>>, from: number, to: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(to - from), 0, to - from, from)
  return buffer.subarray(0, bytesRead)
}
