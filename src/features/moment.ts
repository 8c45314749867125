/** ISO 8601: a day, or a time with up to six digits of a second, and a zone or none. */
const MOMENT =
  '^\\d{4}-\\d{2}-\\d{2}([T ]([01]\\d|2[0-3]):[0-5]\\d(:[0-5]\\d(\\.\\d{1,6})?)?([zZ]|[+-]\\d{2}:?\\d{2})?)?$'
const READ = new RegExp(MOMENT)

/** ms since 1970, without what is finer; without a zone it is UTC, on every machine. `undefined` for what is no time. */
export function readMoment(text: string): number | undefined {
  if (!READ.test(text)) return undefined
  const day = text.slice(0, 10)
  // A 30th of February would be read as a day of March.
  const start = Date.parse(`${day}T00:00:00Z`)
  if (Number.isNaN(start) || !new Date(start).toISOString().startsWith(day)) return undefined
  if (text.length === 10) return start
  const time = text.slice(11).replace(/([+-]\d{2})(\d{2})$/, '$1:$2')
  const moment = Date.parse(`${day}T${/([zZ]|[+-]\d{2}:\d{2})$/.test(time) ? time.toUpperCase() : `${time}Z`}`)
  return Number.isNaN(moment) ? undefined : moment
}

/** The same as SQL, over a cell of text: milliseconds as a double, NULL for what is no time. */
export function momentSql(cell: string): string {
  const zoned = `regexp_replace(${cell}, '([T ].*[+-]\\d{2})(\\d{2})$', '\\1:\\2')`
  return `CASE WHEN regexp_matches(${cell}, '${MOMENT}') THEN floor(epoch_us(TRY_CAST(${zoned} AS TIMESTAMPTZ)) / 1000.0) END`
}
