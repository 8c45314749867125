import type { LabelFacts, SplitDescriptor } from './contract.ts'
import { SplitChanged } from './errors.ts'
import { readFrame } from './frame.ts'
import { type SplitRows, splitRows } from './split.ts'

/**
 * The rows of each part of a version's split, computed again from its table and checked against the descriptor's hash.
 *
 * @param time the columns of the dataset's `time`
 */
export async function readSplit(
  parquetPath: string,
  split: SplitDescriptor,
  label: LabelFacts,
  time: readonly string[] | undefined,
): Promise<SplitRows> {
  const { by, column, seed, shares } = split
  const slice = await readFrame(parquetPath, {
    columns: [],
    label,
    time: by === 'time' ? time : undefined,
    places: column === undefined ? undefined : { column, seed },
  })
  const { target, time: moments, places } = slice
  const { rows, descriptor } = splitRows({ target: target!, time: moments, places }, { by, column, seed, ...shares })
  if (descriptor.hash !== split.hash) throw new SplitChanged(split.hash, descriptor.hash)
  return rows
}
