/** From data to pixels and back, and the round values an axis is marked at. */

export interface Scale {
  (value: number): number
  invert(pixel: number): number
  readonly domain: readonly [number, number]
}

export function linear(domain: readonly [number, number], range: readonly [number, number]): Scale {
  const [d0, d1] = domain
  const [r0, r1] = range
  const slope = d1 === d0 ? 0 : (r1 - r0) / (d1 - d0)
  const scale = (value: number) => r0 + (value - d0) * slope
  return Object.assign(scale, {
    domain,
    invert: (pixel: number) => (slope === 0 ? d0 : d0 + (pixel - r0) / slope),
  })
}

/** About `wanted` multiples of 1, 2 or 5 times a power of ten within [from, to]; at least three, or an axis says little. */
export function niceTicks(from: number, to: number, wanted: number): number[] {
  if (!(to > from)) return [from]
  const rough = (to - from) / Math.max(1, wanted)
  const power = 10 ** Math.floor(Math.log10(rough))
  const steps = [10, 5, 2, 1, 0.5].map((factor) => factor * power)
  const fitting = steps.filter((step) => step >= rough).at(-1)!
  const ticks = multiplesWithin(from, to, fitting)
  return ticks.length >= 3 ? ticks : multiplesWithin(from, to, steps[steps.indexOf(fitting) + 1]!)
}

function multiplesWithin(from: number, to: number, step: number): number[] {
  const ticks: number[] = []
  // Counted in whole steps, since adding 0.1 again and again does not give 0.3.
  for (let i = Math.ceil(from / step - 1e-9); i * step <= to + step * 1e-9; i++)
    ticks.push(Number((i * step).toPrecision(12)))
  return ticks
}

/** As many decimals as tell neighbouring ticks apart, on every tick of the axis. */
export function tickLabels(ticks: readonly number[]): string[] {
  const step = ticks.length > 1 ? Math.abs(ticks[1]! - ticks[0]!) : 1
  const decimals = Math.min(8, Math.max(0, -Math.floor(Math.log10(step) + 1e-9)))
  const format = new Intl.NumberFormat('en', { minimumFractionDigits: decimals, maximumFractionDigits: decimals })
  return ticks.map((tick) => format.format(tick).replace('-', '−'))
}

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

const FIXED_STEPS = [
  MINUTE,
  5 * MINUTE,
  15 * MINUTE,
  HOUR,
  3 * HOUR,
  6 * HOUR,
  12 * HOUR,
  DAY,
  2 * DAY,
  7 * DAY,
  14 * DAY,
]
const MONTH_STEPS = [1, 2, 3, 6, 12, 24, 60, 120]
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

export interface TimeTick {
  at: number
  label: string
}

/** Marks at round times in UTC, at most `most`; the first one and each new year (or day) says which. */
export function timeTicks(from: number, to: number, most: number): TimeTick[] {
  if (!(to > from)) return []
  const step = FIXED_STEPS.find((size) => (to - from) / size <= most)
  return step ? fixedTicks(from, to, step) : monthTicks(from, to, most)
}

function fixedTicks(from: number, to: number, step: number): TimeTick[] {
  const ticks: TimeTick[] = []
  let dayBefore = ''
  // Weeks are counted from a Monday: 5 January 1970.
  const origin = step % (7 * DAY) === 0 ? 4 * DAY : 0
  for (let at = origin + Math.ceil((from - origin) / step) * step; at <= to; at += step) {
    const date = new Date(at)
    const day = `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]}`
    const year = ticks.length === 0 ? ` ${String(date.getUTCFullYear()).slice(2)}` : ''
    if (step >= DAY) ticks.push({ at, label: day + year })
    else {
      const time = `${String(date.getUTCHours()).padStart(2, '0')}:${String(date.getUTCMinutes()).padStart(2, '0')}`
      ticks.push({ at, label: day === dayBefore ? time : day })
    }
    dayBefore = day
  }
  return ticks
}

function monthTicks(from: number, to: number, most: number): TimeTick[] {
  const months = (to - from) / (30.44 * DAY)
  const step = MONTH_STEPS.find((size) => months / size <= most) ?? 240
  const start = new Date(from)
  const first = Math.ceil((start.getUTCFullYear() * 12 + start.getUTCMonth()) / step) * step
  const ticks: TimeTick[] = []
  let yearBefore = -1
  for (let month = first; ; month += step) {
    const year = Math.floor(month / 12)
    const at = Date.UTC(year, month % 12, 1)
    if (at > to) return ticks
    if (at < from) continue
    const name = MONTHS[month % 12]
    ticks.push({
      at,
      label: step >= 12 ? String(year) : year === yearBefore ? `${name}` : `${name} ${String(year).slice(2)}`,
    })
    yearBefore = year
  }
}

/** The index whose time is nearest; `times` ascend. */
export function nearestIndex(times: readonly number[], at: number): number {
  let low = 0
  let high = times.length - 1
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if (times[middle]! < at) low = middle
    else high = middle
  }
  if (high < 0) return -1
  return at - times[low]! <= times[high]! - at ? low : high
}

/** Every power of ten takes the same room. The domain is above zero. */
export function logarithmic(domain: readonly [number, number], range: readonly [number, number]): Scale {
  const inner = linear([Math.log10(domain[0]), Math.log10(domain[1])], range)
  const scale = (value: number) => inner(Math.log10(value))
  return Object.assign(scale, { domain, invert: (pixel: number) => 10 ** inner.invert(pixel) })
}

/** Powers of ten within [from, to], every n-th where there are many; 2 and 5 times them too where there are few. */
export function logTicks(from: number, to: number, wanted: number): number[] {
  const low = Math.floor(Math.log10(from))
  const high = Math.ceil(Math.log10(to))
  const every = Math.max(1, Math.ceil((high - low) / wanted))
  const factors = high - low <= 2 ? [1, 2, 5] : [1]
  const ticks: number[] = []
  for (let power = low; power <= high; power += every)
    for (const factor of factors) ticks.push(Number((factor * 10 ** power).toPrecision(3)))
  return ticks.filter((tick) => tick >= from && tick <= to)
}
