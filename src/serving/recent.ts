/*
 * What the versions of an endpoint did lately, by the clock on the wall: what an alarm looks at. Kept in slots of some
 * seconds, so that any time back to an hour can be asked for and old figures leave by themselves.
 */

export interface RecentVersion {
  /** Rows it answered. */
  readonly served: number
  /** Rows it could not score, whoever answered them then. */
  readonly failed: number
  /** Requests whose latency is known. */
  readonly timed: number
  /** Of its answers, in ms; null without one. */
  readonly latency: { readonly p50: number; readonly p95: number; readonly p99: number } | null
}

export interface RecentStats {
  /** Rows answered by anybody. */
  readonly rows: number
  readonly versions: ReadonlyMap<number, RecentVersion>
}

export interface Recent {
  served(version: number, rows: number, latencyUs: number): void
  failed(version: number, rows: number): void
  /** From `from` on; until `to` where it is given. */
  since(from: number, to?: number): RecentStats
}

const SLOT_MS = 5_000
const SLOTS = 720
/** Each bound is a tenth above the one before, from 10 µs to some 40 s: as exact as an alarm has to be. */
const STEP = 1.1
const FIRST_US = 10
const BOUNDS = 160

interface Slot {
  served: number
  failed: number
  counts: Uint32Array
}

/** @param now ms */
export function createRecent(now: () => number): Recent {
  /** By number of the slot, oldest first. */
  const slots = new Map<number, Map<number, Slot>>()

  function slotOf(version: number): Slot {
    const number = Math.floor(now() / SLOT_MS)
    let versions = slots.get(number)
    if (!versions) {
      versions = new Map()
      slots.set(number, versions)
      if (slots.size > SLOTS) slots.delete(slots.keys().next().value!)
    }
    let slot = versions.get(version)
    if (!slot) {
      slot = { served: 0, failed: 0, counts: new Uint32Array(BOUNDS) }
      versions.set(version, slot)
    }
    return slot
  }

  return {
    served: (version, rows, latencyUs) => {
      const slot = slotOf(version)
      slot.served += rows
      const bound = Math.ceil(Math.log(Math.max(1, latencyUs / FIRST_US)) / Math.log(STEP))
      slot.counts[Math.min(BOUNDS - 1, bound)]!++
    },
    failed: (version, rows) => {
      slotOf(version).failed += rows
    },
    since: (from, to = Number.POSITIVE_INFINITY) => {
      const sums = new Map<number, Slot>()
      const oldest = Math.floor(now() / SLOT_MS) - SLOTS
      for (const [number, versions] of slots) {
        // A slot that began before counts with what it has: five seconds are no matter to an alarm, a failure is.
        // At the other end one that is not over by then does not count.
        if (number <= oldest || (number + 1) * SLOT_MS <= from || (number + 1) * SLOT_MS > to) continue
        for (const [version, slot] of versions) {
          const sum = sums.get(version) ?? { served: 0, failed: 0, counts: new Uint32Array(BOUNDS) }
          sum.served += slot.served
          sum.failed += slot.failed
          for (let i = 0; i < BOUNDS; i++) sum.counts[i]! += slot.counts[i]!
          sums.set(version, sum)
        }
      }
      return {
        rows: [...sums.values()].reduce((rows, { served }) => rows + served, 0),
        versions: new Map(
          [...sums].map(([version, { served, failed, counts }]) => [
            version,
            { served, failed, timed: counts.reduce((sum, count) => sum + count, 0), latency: of(counts) },
          ]),
        ),
      }
    },
  }
}

/** Nearest ranks, each at the upper bound of where it fell, in ms. */
function of(counts: Uint32Array): RecentVersion['latency'] {
  const total = counts.reduce((sum, count) => sum + count, 0)
  if (total === 0) return null
  const at = (share: number) => {
    const rank = Math.ceil(share * total)
    let seen = 0
    let bound = 0
    while (bound < BOUNDS - 1 && seen + counts[bound]! < rank) seen += counts[bound++]!
    return (FIRST_US * STEP ** bound) / 1000
  }
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99) }
}
