import type { Place } from './place.ts'

export type Format = 'csv' | 'json' | 'parquet' | 'arrow' | 'excel' | 'sqlite'
export type Packing = 'gzip' | 'zstd'

export interface SourceFile {
  /** Absolute, links followed. */
  path: string
  /** As people know it: relative to the project folder, or the URL it came from. */
  name: string
  bytes: number
  modifiedMs: number
  packed?: Packing | undefined
  /** The folders it lies in that name a column and its value: `year=2024`. */
  partition?: readonly string[]
}

/** Files that together are one table, in the order of their names. */
export interface ResolvedSource {
  /** As written in the project file. */
  source: string
  place: Place
  files: readonly SourceFile[]
  format: Format
  /** What the bytes must hash to, if that was said; several files hash as if joined. */
  sha256: string | undefined
  /** What else is to be told of rows that were taken from elsewhere. */
  taken?: { at: number; what?: string | undefined }
}

/** A file that only a server could bring: the newest upload, or the rows of its prediction log. */
export interface BroughtFile {
  path: string
  /** As people know it. */
  name: string
  /** When its rows were what they are: milliseconds since 1970. */
  at: number
  /** In words: "1,200 labelled predictions". */
  what: string
}
