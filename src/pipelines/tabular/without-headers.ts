import { columnNamed, type Frame } from '#platform/table'
import type { Signature } from '#runtime/contract'

/** Rows of a table came with no request: what a header says is missing in all of them. */
export function withoutHeaders({ features }: Signature, frame: Frame): Frame {
  const absent = features.filter(({ name, header }) => header !== undefined && !columnNamed(frame, name))
  if (absent.length === 0) return frame
  const columns = absent.map(({ name }) => ({
    ...{ name, kind: 'categorical' as const, categories: [] },
    codes: new Int32Array(frame.rows).fill(-1),
  }))
  return { ...frame, columns: [...frame.columns, ...columns] }
}
