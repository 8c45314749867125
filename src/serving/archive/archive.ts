import { join } from 'node:path'
import type { Blobs } from '#platform/blobs'
import type { Storage } from '#platform/storage'
import { type LogRow, readSegments, type SegmentQuery } from './segment-file.ts'
import { hasSegments, placesOf, type Segment, segmentsOf } from './store.ts'

/** The part of the log that lies in Parquet files. */
export interface Archive {
  /** Of an endpoint, in the order of the log. */
  segments(endpoint: string): Promise<Segment[]>
  /** Rows of segments that meet a query. */
  rows(segments: readonly Segment[], query: SegmentQuery): Promise<LogRow[]>
  /** Rows by id. An archive that is empty is not asked. */
  byId(ids: readonly string[]): Promise<LogRow[]>
  /** Looks again whether there is anything. */
  refresh(): Promise<void>
}

/** A log all of whose rows are in its table. */
export const NO_ARCHIVE: Archive = {
  segments: async () => [],
  rows: async () => [],
  byId: async () => [],
  refresh: async () => {},
}

const quoted = (text: string) => `'${text.replaceAll("'", "''")}'`

export function openArchive({ storage, blobs }: { storage: Storage; blobs: Blobs }): Archive {
  let empty = false
  // Each file is compared with its hash when this process first reads it.
  const verified = new Map<string, Promise<string>>()
  function pathOf(hash: string): Promise<string> {
    const path = verified.get(hash) ?? blobs.path(hash)
    verified.set(hash, path)
    path.catch(() => verified.delete(hash))
    return path
  }
  const paths = (segments: readonly Segment[]) => Promise.all(segments.map(({ blob }) => pathOf(blob)))

  return {
    segments: (endpoint) => segmentsOf(storage, endpoint),
    rows: async (segments, query) => readSegments(await paths(segments), query),
    byId: async (ids) => {
      if (empty || ids.length === 0) return []
      const places = await placesOf(storage, ids)
      if (places.size === 0) return []
      const segments = (await segmentsOf(storage)).filter(({ id }) => places.has(id))
      const wanted = [...new Set([...places.values()].flat())].map(quoted)
      return readSegments(await paths(segments), { where: `t.id IN (${wanted.join(', ')})`, order: 'seq' })
    },
    refresh: async () => {
      empty = !(await hasSegments(storage))
    },
  }
}

/** Where a segment is made before it is a blob. */
export const workFile = (folder: string, segment: number) => join(folder, `segment-${segment}.parquet`)
