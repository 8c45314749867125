/** Counts how often a process ended, and says when to leave it alone. */
export interface Breaker {
  /** It failed. Returns for how many seconds it is to rest; 0 when it may be started again at once. */
  failed(nowMs: number): number
  /** Seconds until it may be tried again, rounded up; 0 when it may. */
  restingSeconds(nowMs: number): number
}

/** Five in a minute is no accident. */
const MOST_FAILURES = 5
const WINDOW_MS = 60_000
/** The first rest; each that follows without an hour between is twice as long, up to the longest. */
const FIRST_REST_S = 30
const LONGEST_REST_S = 300
const FORGIVEN_MS = 3_600_000

export function createBreaker(): Breaker {
  let failures: number[] = []
  let rest = FIRST_REST_S
  let restsUntil = Number.NEGATIVE_INFINITY

  return {
    failed: (now) => {
      if (now - restsUntil > FORGIVEN_MS) rest = FIRST_REST_S
      failures = [...failures.filter((at) => now - at < WINDOW_MS), now]
      // The first try after a rest decides alone.
      const onTrial = now - restsUntil < WINDOW_MS
      if (failures.length < MOST_FAILURES && !onTrial) return 0
      failures = []
      const seconds = rest
      rest = Math.min(LONGEST_REST_S, 2 * rest)
      restsUntil = now + 1000 * seconds
      return seconds
    },
    restingSeconds: (now) => Math.max(0, Math.ceil((restsUntil - now) / 1000)),
  }
}
