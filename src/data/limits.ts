/** What reading a table may cost; each limit is met with an error that says so, never with a machine that swaps. */

/**
 * DuckDB holds 256 KiB per column while it writes Parquet, and planning grows with the square of the columns: a table
 * of 2,000 takes 15 s of CPU and 860 MB; of 10,000, writing alone took 54 s and more than 2 GB.
 */
export const MAX_COLUMNS = 2_000

/** Memory of DuckDB in MB; with the process round it a reading child stays below twice this. */
export const MEMORY_MB = 512
/** The same for hundreds of columns: each holds its buffers, whatever the number of rows. */
export const WIDE_MEMORY_MB = 1_024

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

/** Of one compressed file, unpacked. What compresses better than this many times beyond `free` bytes was made to. */
export const UNPACKED = { bytes: 100e9, ratio: 250, free: 256e6 } as const

/** Of a spreadsheet; a sheet that Excel itself can hold stays below. */
export const EXCEL = {
  /** Bytes of XML of one sheet, and of the texts that sheets share, which are held in memory. */
  sheet: 4e9,
  strings: 256e6,
  /** Of the workbook's own small parts. */
  part: 32e6,
} as const

/** Tables of a folder or a glob. */
export const MAX_FILES = 100_000

/** Of what is taken from elsewhere at one time: rows of a query, objects of a bucket, answers of an API. */
export const SNAPSHOT = { bytes: 50e9 } as const

/** Of one table that is uploaded. */
export const UPLOAD = { bytes: 20e9 } as const
