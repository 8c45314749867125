import { formatDuration } from '#platform/time'
import type { Expectation, TABLE_RULES } from '#projects/contract'
import { eventTime } from '../event-time.ts'
import { name } from '../sql.ts'
import { otherKey } from './column-rules.ts'
import { type CheckedTable, endsOf, type KnownRule, lies, type RowRule, type Rule, rangeWords } from './rule.ts'

export type TableEntry = Exclude<Expectation, { column: string } | { columns: string[] } | { rows_per: number }>
type Keys = keyof typeof TABLE_RULES
type Compilers = {
  [Key in Keys]: (written: NonNullable<TableEntry[Key]>, table: CheckedTable, entry: TableEntry) => Rule
}

const count = (n: number | string) => Number(n).toLocaleString('en-US')

function known(words: string, passed: boolean, observed: string): KnownRule {
  return { judges: 'schema', words, verdict: { passed, observed } }
}

function compareColumns(
  words: string,
  wanted: readonly string[],
  { stored }: CheckedTable,
  strangersToo: boolean,
): KnownRule {
  const found = [...stored.keys()]
  const missing = wanted.filter((column) => !stored.has(column))
  const strange = strangersToo ? found.filter((column) => !wanted.includes(column)) : []
  const parts = [
    missing.length > 0 ? `it lacks ${missing.join(', ')}` : '',
    strange.length > 0 ? `it has ${strange.join(', ')} too` : '',
  ].filter(Boolean)
  return known(words, parts.length === 0, parts.join('; ') || `it has ${found.length} columns`)
}

/** A rule about when rows happened; `make` gets the time in ms as SQL. */
function timed(words: string, table: CheckedTable, make: (time: string) => Rule): Rule {
  if (!table.time?.length) return known(words, false, 'no `time` says when a row happened')
  return make(eventTime(table.time, table.stored))
}

/** A row and the one before it, in time or as they stand, within each value of `by`. */
function steps(words: string, time: string, order: string, broken: string, { by }: TableEntry): RowRule {
  const within = by === undefined ? '' : `PARTITION BY ${name(by)} `
  return {
    judges: 'rows',
    words: by === undefined ? words : `${words}, for each ${by}`,
    broken,
    about: 'orrery_before IS NOT NULL',
    // As it stands in a row: the moment, and how long after the one before.
    shown: `strftime(make_timestamp((orrery_at * 1000)::BIGINT), '%Y-%m-%dT%H:%M:%S') || ', ' || round((orrery_at - orrery_before) / 1000, 3)::VARCHAR || ' s after the row before'`,
    from: (rows) =>
      `(SELECT *, lag(orrery_at) OVER (${within}ORDER BY ${order}) AS orrery_before FROM (SELECT *, ${time} AS orrery_at FROM ${rows}))`,
  }
}

/** What each key of an entry about the table compiles to. */
export const COMPILE_TABLE: Compilers = {
  rows: (range) => ({
    judges: 'column',
    words: `the table has ${rangeWords(endsOf(range), count)} rows`,
    aggregates: ['count(*)'],
    judge: ([rows]) => ({ passed: lies(rows!, endsOf(range)), observed: `it has ${count(rows!)}` }),
  }),
  column_count: (range, { stored }) =>
    known(
      `the table has ${rangeWords(endsOf(range))} columns`,
      lies(stored.size, endsOf(range)),
      `it has ${stored.size}`,
    ),
  columns_are: (wanted, table) => compareColumns(`the columns are ${wanted.join(', ')}`, wanted, table, true),
  columns_hold: (wanted, table) => compareColumns(`${wanted.join(', ')} are among the columns`, wanted, table, false),
  columns_in_order: (wanted, { stored }) => {
    const found = [...stored.keys()]
    const at = Array.from({ length: Math.max(found.length, wanted.length) }).findIndex((_, i) => found[i] !== wanted[i])
    return known(
      `the columns are ${wanted.join(', ')}, in this order`,
      at < 0,
      at < 0 ? 'they are' : `column ${at} is ${found[at] ?? 'missing'}`,
    )
  },
  no_duplicates: (_, { stored }) => {
    const cells = [...stored.keys()].map(name).join(', ')
    return {
      judges: 'rows',
      words: 'no row occurs twice',
      broken: 'orrery_nth > 1',
      shown: `concat_ws(', ', ${[...stored.keys()]
        .slice(0, 5)
        .map((column) => `CAST(${name(column)} AS VARCHAR)`)
        .join(', ')})`,
      from: (table) =>
        `(SELECT *, row_number() OVER (PARTITION BY ${cells} ORDER BY file_row_number) AS orrery_nth FROM ${table})`,
      count: `count(*) - count(DISTINCT (${cells}))`,
    }
  },
  rows_as: (source, { others }) => {
    const other = others.get(otherKey({ source }))
    const words = `the table has as many rows as ${source}`
    if (!other || other.unreadable !== undefined)
      return known(words, false, other?.unreadable ?? `${source} was not read`)
    return {
      judges: 'column',
      words,
      aggregates: ['count(*)'],
      judge: ([rows]) => ({
        passed: rows === other.rows,
        observed: `it has ${count(rows!)}, ${source} has ${count(other.rows)}`,
      }),
    }
  },
  holds: (condition, { stored }) => ({
    judges: 'rows',
    words: `${condition.trim()} holds`,
    broken: `NOT (${condition}\n)`,
    about: `(${condition}\n) IS NOT NULL`,
    shown: mentioned(condition, [...stored.keys()]),
  }),
  in_order: (_, table, entry) =>
    timed('rows are in order of time', table, (time) =>
      steps('rows are in order of time', time, 'file_row_number', 'orrery_at < orrery_before', entry),
    ),
  gap_at_most: (gap, table, entry) => {
    const words = `at most ${formatDuration(gap)} lie between rows`
    return timed(words, table, (time) => steps(words, time, 'orrery_at', `orrery_at - orrery_before > ${gap}`, entry))
  },
  every: (gap, table, entry) => {
    const words = `exactly ${formatDuration(gap)} lie between rows`
    return timed(words, table, (time) => steps(words, time, 'orrery_at', `orrery_at - orrery_before != ${gap}`, entry))
  },
  newest_within: (age, table) => {
    const words = `the newest row is at most ${formatDuration(age)} old`
    return timed(words, table, (time) => ({
      judges: 'column',
      words,
      aggregates: [`max(${time})`],
      judge: ([newest]) => ({
        passed: typeof newest === 'number' && table.now - newest <= age,
        observed:
          typeof newest === 'number' ? `it is of ${new Date(newest).toISOString()}` : 'no row says when it happened',
      }),
    }))
  },
  spans: (length, table) => {
    const words = `the rows span at least ${formatDuration(length)}`
    return timed(words, table, (time) => ({
      judges: 'column',
      words,
      aggregates: [`max(${time}) - min(${time})`],
      judge: ([span]) => ({
        passed: typeof span === 'number' && span >= length,
        observed:
          typeof span === 'number' ? `they span ${formatDuration(Math.round(span))}` : 'no row says when it happened',
      }),
    }))
  },
}

/** The columns that a condition speaks of, as they are shown of a row. */
function mentioned(condition: string, columns: readonly string[]): string {
  const spoken = columns.filter((column) => condition.includes(column)).slice(0, 5)
  const shown = spoken.map((column) => `${name(column)}::VARCHAR`)
  return shown.length === 0 ? "''" : `concat_ws(', ', ${shown.map((one) => `coalesce(${one}, 'missing')`).join(', ')})`
}
