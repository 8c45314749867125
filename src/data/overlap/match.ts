import type { DatasetSpec, Profile, SplitDescriptor, SplitOverlap } from '../contract.ts'
import type { Holds } from '../read/raw-table.ts'
import type { SplitRows } from '../split.ts'

export type Crossing = SplitOverlap['crossings'][number]

export const PARTS = ['train', 'validation', 'test'] as const
/** In none of the parts, as a row without a label is. */
export const NO_PART = 3

export const EXAMPLES = 3

/** A table and how it is parted. */
export interface Parted {
  rows: SplitRows
  profile: Pick<Profile, 'rows' | 'columns'>
  spec: Pick<DatasetSpec, 'label' | 'id' | 'ignore'>
  stored: ReadonlyMap<string, Holds>
  split: Pick<SplitDescriptor, 'column'>
}

/** A row, by its number from 0, and the one of an earlier part that it is like. */
export interface Match {
  number: number
  part: number
  earlier: number
  other: number
  value: string | null
}

export function crossingOf(matches: readonly Match[], kind: Crossing['kind'], column: string | null) {
  const { part, earlier } = matches[0]!
  return {
    kind,
    from: PARTS[earlier] as Crossing['from'],
    to: PARTS[part] as Crossing['to'],
    column,
    examples: matches
      .slice(0, EXAMPLES)
      .map(({ number, other, value }) => ({ row: number + 1, like: other + 1, value })),
  }
}
