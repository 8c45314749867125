import { dirname } from 'node:path'
import { makeFolder, withDuck } from '#data'
import type { OrderedPlace } from './ordered/ordered-views.ts'
import { type EntityFrame, type JoinedViews, pointInTimeJoin } from './point-in-time.ts'
import { text } from './sql.ts'

/** Sorting a million rows of a frame beside five million of a view; what does not fit goes to disk. */
const MEMORY_MB = 1_536

/**
 * Writes a frame of entities with its features as a Parquet file. Heavy: for child processes.
 *
 * @param request.folder where files under way are left
 * @throws what `pointInTimeJoin` throws
 */
export async function joinTable(request: {
  frame: EntityFrame
  joined: JoinedViews
  fullNames?: boolean
  folder: string
  target: string
  memoryMb?: number
}): Promise<void> {
  const { frame, joined, fullNames = false, folder, target, memoryMb = MEMORY_MB } = request
  const files = [frame.parquet, target, ...joined.views.flatMap(({ tables }) => Object.values(tables))]
  const folders = [...new Set([folder, ...files.map((file) => dirname(file)), ...(await placeFor(joined.ordered))])]
  await withDuck({ folders, spillTo: folder, memoryMb }, async (duck) => {
    const query = await pointInTimeJoin(duck, { frame, ...joined, fullNames, spillTo: folder })
    await duck.run(`COPY (${query}) TO ${text(target)} (FORMAT parquet)`)
  })
}

/** The folder of ordered views, for DuckDB to be let in; none where there can be none. */
export async function placeFor(ordered: OrderedPlace | undefined): Promise<string[]> {
  return ordered
    ? makeFolder(ordered.folder).then(
        (folder) => [folder],
        () => [],
      )
    : []
}
