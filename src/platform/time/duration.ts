/** Milliseconds in each unit a duration may be written in; no months or years, whose length depends on the date. */
const UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const

/** What a duration looks like: one number, one unit. */
export const DURATION_PATTERN = /^(\d+(?:\.\d+)?)(ms|s|m|h|d|w)$/

/** A hundred years: what is longer is a slip of the keyboard and would overflow dates computed from it. */
const LONGEST = 100 * 365 * UNITS.d

/**
 * Milliseconds of a duration such as `30s`, `24h`, `7d` or `1.5h`. Days are 24 hours, weeks seven days.
 * @throws RangeError for any other form, or above a hundred years
 */
export function parseDuration(text: string): number {
  const match = DURATION_PATTERN.exec(text)
  if (!match) throw new RangeError(`"${text}" is no duration; write a number and a unit, such as 30s, 24h or 7d`)
  const ms = Number(match[1]) * UNITS[match[2] as keyof typeof UNITS]
  if (ms > LONGEST) throw new RangeError(`"${text}" is longer than a hundred years`)
  return ms
}

// Weeks are read but never written: "7d" and "21d" compare at a glance, "7d" and "3w" do not.
const WRITTEN = ['d', 'h', 'm', 's'] as const

/** The shortest exact form of `ms` milliseconds: `604800000` is `7d`, `5400000` is `90m`, `0` is `0s`. */
export function formatDuration(ms: number): string {
  if (ms === 0) return '0s'
  const unit = WRITTEN.find((name) => ms % UNITS[name] === 0)
  return unit ? `${ms / UNITS[unit]}${unit}` : `${ms}ms`
}
