import { entriesOf, hasList } from './dataset.ts'
import type { DataHome } from './home.ts'
import type { Pointer } from './pointer.ts'
import type { Known, StatCache } from './stat-cache.ts'

export interface Changes {
  readonly added: number
  readonly removed: number
  readonly changed: number
}

type Last = Pick<StatCache, 'paths' | 'links' | 'lastHashOf'>

/** What was here last: by the cache, or, where another way brought the pointer file, by the version it names. */
export function lastOf(home: DataHome, before: Pointer | undefined, cache: StatCache): Last {
  if (cache.paths.length > 0 || !before || !hasList(home, before)) return cache
  const entries = entriesOf(home, before)
  const hashes = new Map(entries.flatMap(({ path, mode, hash }) => (mode === 'link' ? [] : [[path, hash] as const])))
  return {
    paths: [...hashes.keys()],
    links: new Map(entries.flatMap(({ path, target }) => (target === undefined ? [] : [[path, target] as const]))),
    lastHashOf: (path) => hashes.get(path),
  }
}

/** How many files and links came, went, or hold something else. */
export function changesSince(
  last: Last,
  known: ReadonlyMap<string, Known>,
  links: ReadonlyMap<string, string>,
): Changes {
  let added = 0
  let changed = 0
  for (const [path, { hash }] of known) {
    const was = last.lastHashOf(path)
    if (was === undefined) added++
    else if (was !== hash) changed++
  }
  for (const [path, target] of links) {
    const was = last.links.get(path)
    if (was === undefined) added++
    else if (was !== target) changed++
  }
  const removed = [
    ...last.paths.filter((path) => !known.has(path)),
    ...[...last.links.keys()].filter((path) => !links.has(path)),
  ]
  return { added, changed, removed: removed.length }
}
