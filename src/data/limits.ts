/** What reading a table may cost; each limit is met with an error that says so, never with a machine that swaps. */

/**
 * DuckDB holds 256 KiB per column while it writes Parquet, and planning grows with the square of the columns: a table
 * of 2,000 takes 15 s of CPU and 860 MB; of 10,000, writing alone took 54 s and more than 2 GB.
 */
export const MAX_COLUMNS = 2_000

/** Memory of DuckDB in MB; with the process round it a reading child stays below twice this. */
export const MEMORY_MB = 512

/** More classes than this are an identifier or a number taken for a label. */
export const MAX_CLASSES = 1_000

/** Rows that types are guessed from; every row is checked against the guess afterwards. */
export const SAMPLE_ROWS = 10_000

/** Of the rows shown when a version is looked at. */
export const PREVIEW_ROWS = 50

export const DOWNLOAD = {
  /** Bytes. */
  size: 4e9,
  /** Wall time in ms for the whole file, and for silence in between. */
  total: 30 * 60_000,
  silence: 30_000,
} as const
