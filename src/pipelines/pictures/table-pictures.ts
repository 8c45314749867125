import { type PicturePlaces, readFrame } from '#data'
import { columnNamed, type Frame } from '#platform/table'

/** The pictures of a table's rows. */
export interface TablePictures {
  readonly places: PicturePlaces
  /** Per row. */
  readonly hashes: readonly string[]
  /** Per row, below the folder of the source; `null` for a picture that was served. */
  readonly files: readonly (string | null)[]
}

/** @param rows numbers of rows of the stored table, in the order of the result */
export async function readTablePictures(
  parquet: string,
  places: PicturePlaces,
  rows: ArrayLike<number>,
): Promise<TablePictures> {
  const { frame } = await readFrame(parquet, { columns: ['picture', 'file'] })
  const hashOf = textsOf(frame, 'picture')
  const fileOf = textsOf(frame, 'file')
  return {
    places,
    hashes: Array.from(rows, (row) => hashOf(row)!),
    files: Array.from(rows, fileOf),
  }
}

function textsOf(frame: Frame, name: string): (row: number) => string | null {
  const column = columnNamed(frame, name)
  if (column?.kind !== 'categorical') return () => null
  return (row) => column.categories[column.codes[row]!] ?? null
}
