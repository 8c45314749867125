/** The built-in number formats that show a date or a time, by their ids (ECMA-376, 18.8.30; 27–36 and 50–58 of East Asia). */
const DATE_IDS = [
  [14, 22],
  [27, 36],
  [45, 47],
  [50, 58],
] as const

/** Whether a number format shows a date or a time. */
export function showsTime(id: number, code: string | undefined): boolean {
  if (code === undefined) return DATE_IDS.some(([from, to]) => id >= from && id <= to)
  // Texts in quotes, escaped characters, colours and currencies in brackets say nothing; elapsed hours, [h], do.
  const bare = code.replace(/"[^"]*"|\\.|_.|\*.|\[(?!h+\]|m+\]|s+\])[^\]]*\]/gi, '')
  return /[dmyhs]/i.test(bare.split(';')[0]!) && !/general/i.test(bare)
}

const DAY = 86_400_000
/** Days from the epoch of either calendar of Excel to 1970. */
const EPOCHS = { 1900: 25_569, 1904: 24_107 } as const

/**
 * A serial number of Excel as text: a date, a moment, or a time of day where there is no day. Before March 1900 the
 * calendar is one day off, because it has a 29 February that never was.
 */
export function timeText(serial: number, calendar: keyof typeof EPOCHS): string {
  const days = calendar === 1900 && serial < 60 ? serial + 1 : serial
  // A millisecond is what a double still tells apart in our century.
  const ms = Math.round((days - EPOCHS[calendar]) * DAY)
  const moment = new Date(ms)
  if (Number.isNaN(moment.getTime())) return String(serial)
  const text = moment.toISOString()
  const time = text.slice(11, text.endsWith('.000Z') ? 19 : 23)
  if (serial >= 0 && serial < 1) return time
  return time === '00:00:00' ? text.slice(0, 10) : `${text.slice(0, 10)}T${time}Z`
}
