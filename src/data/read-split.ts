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
  const slice = await readFrame(parquetPath, { columns: [], label, time: split.by === 'time' ? time : undefined })
  const { by, seed, shares } = split
  const { rows, descriptor } = splitRows({ target: slice.target!, time: slice.time }, { by, seed, ...shares })
  if (descriptor.hash !== split.hash) throw new SplitChanged(split.hash, descriptor.hash)
  return rows
}
