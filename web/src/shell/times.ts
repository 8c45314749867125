/**
 * Two kinds of time. Event time is what the data says (1997, in UTC, whatever the reader's zone); clock time is when this
 * server did something, in the reader's own zone.
 */
const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric', timeZone: 'UTC' })
const minute = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric',
  month: 'short',
  year: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  timeZone: 'UTC',
})
const local = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric',
  month: 'short',
  year: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  timeZoneName: 'short',
})
const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' })
const date = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric' })

/** `3 Nov 1997` */
export const eventDay = (at: number) => day.format(at)
/** `3 Nov 1997, 14:30` */
export const eventMinute = (at: number) => minute.format(at)
/** `3 Nov 2026, 14:30:05 CET`, for titles. */
export const exactly = (at: number) => local.format(at)

/** `just now`, `4 min ago`, `14:30`, `3 Nov 2026`. */
export function ago(at: number, now: number): string {
  const seconds = (now - at) / 1000
  if (seconds < 10) return 'just now'
  if (seconds < 60) return `${Math.floor(seconds)} s ago`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`
  if (seconds < 6 * 3600) return `${Math.floor(seconds / 3600)} h ago`
  if (new Date(at).toDateString() === new Date(now).toDateString()) return clock.format(at)
  return date.format(at)
}

/** A span in its two largest units: `7 d`, `1 h 5 min`, `41 s`, `320 ms`. */
export function span(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`
  const seconds = ms / 1000
  if (seconds < 60) return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`
  const units: [string, number][] = [
    ['d', 86_400],
    ['h', 3600],
    ['min', 60],
    ['s', 1],
  ]
  const first = units.findIndex(([, size]) => seconds >= size)
  const [name, size] = units[first]!
  const big = Math.floor(seconds / size)
  const next = units[first + 1]
  const rest = next ? Math.floor((seconds - big * size) / next[1]) : 0
  return rest > 0 && big < 10 ? `${big} ${name} ${rest} ${next![0]}` : `${big} ${name}`
}
