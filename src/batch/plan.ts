/** A Parquet file of the input. */
export interface InputFile {
  readonly path: string
  readonly rows: number
  /** As it was when the batch began; absent for copies of our own. */
  readonly seen?: { readonly bytes: number; readonly modifiedMs: number }
}

/** Rows that are scored and committed together. */
export interface Part {
  readonly number: number
  /** Which of the input's files. */
  readonly file: number
  /** Rows of that file: from (included) to (not included). */
  readonly from: number
  readonly to: number
  /** The number of row `from` in the whole input. */
  readonly firstRow: number
}

/** The parts of an input, always the same for the same input: a part is known by its number. */
export function partsOf(files: readonly Pick<InputFile, 'rows'>[], partRows: number): Part[] {
  const parts: Part[] = []
  let firstRow = 0
  for (const [file, { rows }] of files.entries()) {
    for (let from = 0; from < rows; from += partRows) {
      const to = Math.min(from + partRows, rows)
      parts.push({ number: parts.length, file, from, to, firstRow: firstRow + from })
    }
    firstRow += rows
  }
  return parts
}

/** What is known of a part that is committed. */
export interface PartManifest {
  readonly part: number
  readonly rows: number
  readonly setAside: number
  readonly reasons: Readonly<Record<string, number>>
}
