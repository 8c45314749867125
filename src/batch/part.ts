import { join } from 'node:path'
import type { PicturePlaces } from '#data'
import type { Signature } from '#runtime/contract'
import { BatchColumnsMissing, BatchInputInvalid } from './errors.ts'
import type { InputFile, Part, PartManifest } from './plan.ts'
import type { TargetAddress } from './target.ts'

export interface ScoreInput {
  readonly job: string
  /** Of the job; rows set aside and parts of a file lie there. */
  readonly folder: string
  readonly files: readonly InputFile[]
  readonly partRows: number
  /** This process takes each `of`-th part, from `first`. */
  readonly first: number
  readonly of: number
  readonly onnx: string
  readonly signature: Signature
  /** Folder of Python environments, for a model that Python answers for. */
  readonly environments: string
  readonly model: string
  readonly version: number
  readonly keep: readonly string[]
  readonly target: TargetAddress
  /** Where the pictures are, for a model of pictures. */
  readonly pictures: PicturePlaces
}

/** A part's answers as a SELECT, and what became of its rows. */
export interface ScoredPart {
  readonly answers: string
  readonly manifest: PartManifest
}

const MOST_REASONS = 100

/** @param reasons the commonest first */
export const manifestOf = (
  part: Part,
  rows: number,
  reasons: readonly { reason: string; rows: number }[],
): PartManifest => ({
  part: part.number,
  rows,
  setAside: reasons.reduce((sum, one) => sum + one.rows, 0),
  reasons: Object.fromEntries(reasons.slice(0, MOST_REASONS).map((one) => [one.reason, one.rows])),
})

/** Columns that every output has. */
const OWN = /^(prediction_id|model|version|value|label|probability_.*)$/i

/** @throws BatchColumnsMissing, BatchInputInvalid */
export function refuseKept({ keep }: ScoreInput, types: ReadonlyMap<string, string>): void {
  const missing = keep.filter((column) => !types.has(column))
  if (missing.length > 0) throw new BatchColumnsMissing(missing, [...types.keys()])
  const own = keep.find((column) => OWN.test(column))
  if (own !== undefined)
    throw new BatchInputInvalid(`"${own}" is a column of the answers`, 'Rename it with a query, or do not keep it.')
}

export const asideFolder = (folder: string) => join(folder, 'aside')

/** Rows of a part that were set aside. */
export const asideFile = (folder: string, { number }: Part) =>
  join(asideFolder(folder), `${String(number).padStart(8, '0')}.parquet`)
