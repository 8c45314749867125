/** How figures are written for people: one form for each, everywhere. */

export const count = (n: number): string => Math.round(n).toLocaleString('en')

/** `1 alert`, `2 alerts`. */
export const counted = (n: number, noun: string): string => `${count(n)} ${noun}${n === 1 ? '' : 's'}`

/** `10 %`, `0.5 %`. */
export const percent = (share: number): string => `${Math.round(share * 1000) / 10} %`

/** A metric, with as many digits as tell versions apart; `–` where it is not known. */
export function figure(value: number | null | undefined): string {
  if (value == null || !Number.isFinite(value)) return '–'
  return Math.abs(value) >= 10 ? value.toFixed(1) : value.toFixed(3)
}

/** With its sign: `+0.19`, `−0.03`. */
export function signed(value: number): string {
  const digits = Math.abs(value) >= 10 ? 1 : Math.abs(value) >= 0.1 ? 2 : 3
  return `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(digits)}`
}

/** Time that has passed: `0.3 s`, `14.2 s`, `2 min 5 s`, `3 h 20 min`. */
export function elapsed(ms: number): string {
  const seconds = ms / 1000
  if (seconds < 60) return `${seconds.toFixed(1)} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes} min ${Math.floor(seconds % 60)} s`
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

export function bytes(n: number): string {
  if (n < 1000) return `${n} B`
  const units = ['kB', 'MB', 'GB', 'TB']
  const unit = Math.min(units.length, Math.floor(Math.log10(n) / 3))
  return `${(n / 1000 ** unit).toPrecision(3)} ${units[unit - 1]}`
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** A moment of this machine's clock, in its zone: `3 Nov 14:02`. */
export function moment(ms: number): string {
  const at = new Date(ms)
  const two = (n: number) => String(n).padStart(2, '0')
  return `${at.getDate()} ${MONTHS[at.getMonth()]} ${two(at.getHours())}:${two(at.getMinutes())}`
}

/** A moment of any year, in this machine's zone: `2026-03-03 14:02`. */
export function dated(ms: number): string {
  const at = new Date(ms)
  const two = (n: number) => String(n).padStart(2, '0')
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}`
}

/** An event time, UTC: `1997-11-04 16:30`. */
export const eventTime = (ms: number): string => new Date(ms).toISOString().slice(0, 16).replace('T', ' ')

/** The day of an event time, UTC: `1997-11-04`. */
export const eventDay = (ms: number): string => new Date(ms).toISOString().slice(0, 10)

/** The beginning of a hash, enough to tell it from others. */
export function shortHash(hash: string): string {
  const [kind, digest] = hash.includes(':') ? hash.split(':') : ['', hash]
  return `${kind ? `${kind}:` : ''}${digest!.slice(0, 8)}…`
}
