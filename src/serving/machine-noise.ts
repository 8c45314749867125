import { setImmediate as otherWork } from 'node:timers/promises'

/** Shorter is lost in the clock, longer would double the time of a check for nothing. */
const SHORTEST_MS = 0.2
const LONGEST_MS = 20

/**
 * Work that takes a fixed time on a machine that has nothing else to do: what it takes longer is the machine's doing, or this
 * process's, and no model's.
 *
 * @param ms how long; as long as the requests it stands beside, so that it is interrupted as often
 * @returns how much longer it took, ms
 */
export async function heldUp(ms: number): Promise<number> {
  const wanted = Math.min(LONGEST_MS, Math.max(SHORTEST_MS, ms))
  const started = performance.now()
  // A request waits for the loop, too.
  await otherWork()
  const begun = performance.now()
  while (performance.now() - begun < wanted);
  return Math.max(0, performance.now() - started - wanted)
}
