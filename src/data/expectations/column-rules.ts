import type { COLUMN_RULES, Expectation, HELD } from '#projects/contract'
import { literal, literals, type Subject } from './cells.ts'
import type { ColumnFacts } from '../column-facts.ts'
import { looksLike } from './formats.ts'
import {
  type AskedRule,
  type CheckedTable,
  type Ends,
  endsOf,
  figure,
  type KnownRule,
  lies,
  type MeasuredRule,
  type RowRule,
  type Rule,
  rangeWords,
} from './rule.ts'
import { text } from '../sql.ts'

export type ColumnEntry = Extract<Expectation, { column: string }>
type Keys = keyof typeof COLUMN_RULES
type Compilers = {
  [Key in Keys]: (written: NonNullable<ColumnEntry[Key]>, subject: Subject, table: CheckedTable) => Rule
}

const HOLDS_WORDS = { number: 'numbers', text: 'text', time: 'times' } as const

/** A rule that the column's type cannot keep. */
function unfit(words: string, { holds }: Subject): KnownRule {
  return { judges: 'schema', words, verdict: { passed: false, observed: `it holds ${HOLDS_WORDS[holds]}` } }
}

function rows(subject: Subject, words: string, broken: string, more: Partial<RowRule> = {}): RowRule {
  const { column, present, asText } = subject
  return {
    judges: 'rows',
    words: `${column} ${words}`,
    broken,
    about: present,
    shown: asText,
    ...more,
  }
}

/** Values compared with both ends; missing ones break nothing, since a comparison with NULL is not true. */
function inRange(
  subject: Subject,
  { facts }: CheckedTable,
  words: string,
  parts: readonly (readonly [sign: keyof typeof BEYOND, end: number | string])[],
): Rule {
  const full = `${subject.column} ${words}`
  const broken = parts.map(([sign, end]) => {
    const value = subject.holds === 'text' && typeof end === 'number' ? undefined : literal(subject, end)
    return value === undefined ? undefined : `${subject.cell} ${sign} ${value}`
  })
  if (broken.includes(undefined)) return unfit(full, subject)
  const known = facts?.get(subject.column)
  // Where the column's own ends lie within, no row has to be looked at.
  const within = subject.holds === 'number' && known && parts.every(([sign, end]) => !BEYOND[sign](known, Number(end)))
  return rows(subject, words, broken.length === 0 ? 'false' : broken.join(' OR '), within ? { count: '0' } : {})
}

/** Whether some value of a column compares like that. */
const BEYOND = {
  '<': ({ min }: ColumnFacts, end: number) => min !== null && min < end,
  '>': ({ max }: ColumnFacts, end: number) => max !== null && max > end,
  '<=': ({ min }: ColumnFacts, end: number) => min !== null && min <= end,
  '>=': ({ max }: ColumnFacts, end: number) => max !== null && max >= end,
}

function among(subject: Subject, values: readonly string[], negated: boolean): string {
  const known = literals(subject, values)
  if (known.length === 0) return negated ? 'false' : subject.present
  return `${subject.cell} ${negated ? 'IN' : 'NOT IN'} (${known.join(', ')})`
}

const matches = ({ asText }: Subject, pattern: string) => `regexp_matches(${asText}, ${text(pattern)})`

function ofText(subject: Subject, words: string, holds: string): RowRule {
  return rows(subject, words, `NOT (${holds})`)
}

/** A measure of a column of numbers. */
function measure(name: string, aggregate: (cell: string) => string) {
  return (range: Ends<number>, subject: Subject): Rule => {
    const words = `the ${name} of ${subject.column} is ${rangeWords(range)}`
    if (subject.holds !== 'number') return unfit(words, subject)
    return measured(words, [aggregate(subject.cell)], ([value]) => lies(value!, range))
  }
}

function measured(
  words: string,
  aggregates: string[],
  holds: (values: readonly (number | string | null)[]) => boolean,
): MeasuredRule {
  return {
    judges: 'column',
    words,
    aggregates,
    judge: (values) => ({ passed: holds(values), observed: `it is ${figure(values[0]!)}` }),
  }
}

/** The least or greatest value, of numbers or times, against ends of the same. */
function extreme(aggregate: 'min' | 'max', name: string) {
  return (range: Ends<number | string>, subject: Subject): Rule => {
    const words = `the ${name} value of ${subject.column} is ${rangeWords(range)}`
    const tests = range.map((end, i) => {
      if (end === null) return 'true'
      const value = subject.holds === 'text' && typeof end === 'number' ? undefined : literal(subject, end)
      return value === undefined ? undefined : `${aggregate}(${subject.cell}) ${i === 0 ? '>=' : '<='} ${value}`
    })
    if (tests.includes(undefined)) return unfit(words, subject)
    return {
      judges: 'column',
      words,
      aggregates: [`CAST(${aggregate}(${subject.cell}) AS VARCHAR)`, `(${tests.join(' AND ')})::INTEGER`],
      judge: ([value, holds]) => ({ passed: holds === 1, observed: `it is ${figure(value!)}` }),
    }
  }
}

const percent = (share: number | string) => `${Number((Number(share) * 100).toPrecision(6))} %`

function share(name: string, aggregate: (subject: Subject) => string) {
  return (range: Ends<number>, subject: Subject): Rule => ({
    judges: 'column',
    words: `${name} of ${subject.column} are ${rangeWords(range, percent)}`,
    aggregates: [aggregate(subject)],
    judge: ([value]) => ({
      passed: lies(value!, range),
      observed: value === null ? 'there is no row' : `they are ${percent(value!)}`,
    }),
  })
}

/** Different values of which only the ones that are not wanted, or not found, are told. */
const SHOWN_VALUES = 10
/** More different values than this are not compared with a list. */
const MOST_VALUES = 10_000

function distinctValues(
  subject: Subject,
  words: string,
  judge: (found: ReadonlySet<string>) => { missing?: string[]; strange?: string[] },
): AskedRule {
  return {
    judges: 'asked',
    words: `${subject.column} ${words}`,
    ask: async (duck, relation) => {
      const found = await duck.rows<{ value: string }>(
        `SELECT DISTINCT ${subject.asText} AS value FROM ${relation} WHERE ${subject.present} LIMIT ${MOST_VALUES}`,
      )
      const { missing = [], strange = [] } = judge(new Set(found.map((one) => one.value)))
      const told = (values: string[]) => values.toSorted().slice(0, SHOWN_VALUES).join(', ')
      const parts = [
        strange.length > 0 ? `it has ${told(strange)} too` : '',
        missing.length > 0 ? `it lacks ${told(missing)}` : '',
      ].filter(Boolean)
      return { passed: parts.length === 0, observed: parts.join('; ') || `it has ${found.length} different values` }
    },
  }
}

/** The cells of a list as the column would show them, so that 0.50 is 0.5 in a column of numbers. */
function asShown({ holds }: Subject, values: readonly string[]): string[] {
  return holds === 'number'
    ? values.map((one) => (Number.isFinite(Number(one)) ? String(Number(one)) : one))
    : values.map((one) => one.trim())
}

/** Compared with the value before it, missing ones left out. */
function inOrder(sign: '<' | '>', words: string) {
  return (written: true | 'strict', subject: Subject): Rule => {
    const strict = written === 'strict'
    return rows(
      subject,
      strict ? `is strictly ${words}` : `is ${words}`,
      `${subject.cell} ${sign}${strict ? '=' : ''} orrery_before`,
      {
        from: (table) =>
          `(SELECT *, lag(${subject.cell}) OVER (ORDER BY file_row_number) AS orrery_before FROM ${table} WHERE ${subject.present})`,
      },
    )
  }
}

function typeFits(wanted: (typeof HELD)[number], { holds, cell }: Subject): string | boolean {
  if (wanted === 'integer') return holds === 'number' && `${cell} = floor(${cell})`
  if (wanted === 'boolean')
    return holds === 'number'
      ? `${cell} IN (0, 1)`
      : holds === 'text' && `lower(${cell}) IN ('true', 'false', 'yes', 'no')`
  return holds === wanted
}

function typed(words: string, wanted: readonly (typeof HELD)[number][], subject: Subject): Rule {
  const fits = wanted.map((one) => typeFits(one, subject))
  if (fits.includes(true))
    return { judges: 'schema', words, verdict: { passed: true, observed: `it holds ${HOLDS_WORDS[subject.holds]}` } }
  const tests = fits.filter((one) => typeof one === 'string')
  if (tests.length === 0) return unfit(words, subject)
  return {
    judges: 'column',
    words,
    aggregates: tests.map((test) => `count(*) FILTER (${subject.present} AND NOT (${test}))`),
    judge: (values) => ({
      passed: values.includes(0),
      observed: values.includes(0) ? 'holds in every row' : `${figure(Math.min(...values.map(Number)))} values do not`,
    }),
  }
}

/** What each key of an entry about a column compiles to. */
export const COMPILE_COLUMN: Compilers = {
  between: ([low, high], subject, table) =>
    inRange(
      subject,
      table,
      low === high
        ? `is ${low}`
        : low !== null && high !== null
          ? `is between ${low} and ${high}`
          : `is ${rangeWords([low, high])}`,
      [...(low === null ? [] : [['<', low] as const]), ...(high === null ? [] : [['>', high] as const])],
    ),
  more_than: (end, subject, table) => inRange(subject, table, `is more than ${end}`, end === null ? [] : [['<=', end]]),
  less_than: (end, subject, table) => inRange(subject, table, `is less than ${end}`, end === null ? [] : [['>=', end]]),
  in: (values, subject) => rows(subject, `is one of ${values.join(', ')}`, among(subject, values, false)),
  not_in: (values, subject) => rows(subject, `is none of ${values.join(', ')}`, among(subject, values, true)),
  not_null: (_, subject, { facts }) => {
    const known = facts?.get(subject.column)
    return rows(subject, 'is never missing', `${subject.cell} IS NULL`, {
      about: 'true',
      ...(known && { count: `count(*) - ${known.present}` }),
    })
  },
  is_null: (_, subject) => rows(subject, 'is always missing', subject.present, { about: 'true' }),
  not_blank: (_, subject) =>
    rows(
      subject,
      'is never missing or blank',
      `${subject.cell} IS NULL OR trim(${subject.asText}, ' \t\n\r\u00a0') = ''`,
      {
        about: 'true',
      },
    ),
  unique: (_, subject, { facts }) => {
    const { cell, column, present } = subject
    const known = facts?.get(column)
    return rows(subject, 'is different in every row', 'orrery_nth > 1', {
      count:
        known?.exact && known.different !== null
          ? `${known.present - known.different}::BIGINT`
          : `count(${cell}) - count(DISTINCT ${cell})`,
      from: (table) =>
        `(SELECT *, row_number() OVER (PARTITION BY ${cell} ORDER BY file_row_number) AS orrery_nth FROM ${table} WHERE ${present})`,
    })
  },
  match: (pattern, subject) => ofText(subject, `matches ${pattern}`, matches(subject, pattern)),
  not_match: (pattern, subject) => rows(subject, `does not match ${pattern}`, matches(subject, pattern)),
  match_any: (patterns, subject) =>
    ofText(subject, `matches one of ${patterns.join(', ')}`, patterns.map((one) => matches(subject, one)).join(' OR ')),
  match_all: (patterns, subject) =>
    ofText(
      subject,
      `matches each of ${patterns.join(', ')}`,
      patterns.map((one) => matches(subject, one)).join(' AND '),
    ),
  match_none: (patterns, subject) =>
    rows(subject, `matches none of ${patterns.join(', ')}`, patterns.map((one) => matches(subject, one)).join(' OR ')),
  like: (pattern, subject) => ofText(subject, `is like ${pattern}`, `${subject.asText} LIKE ${text(pattern)}`),
  not_like: (pattern, subject) => rows(subject, `is not like ${pattern}`, `${subject.asText} LIKE ${text(pattern)}`),
  like_any: (patterns, subject) =>
    ofText(
      subject,
      `is like one of ${patterns.join(', ')}`,
      patterns.map((one) => `${subject.asText} LIKE ${text(one)}`).join(' OR '),
    ),
  like_none: (patterns, subject) =>
    rows(
      subject,
      `is like none of ${patterns.join(', ')}`,
      patterns.map((one) => `${subject.asText} LIKE ${text(one)}`).join(' OR '),
    ),
  starts_with: (part, subject) =>
    ofText(subject, `starts with ${part}`, `starts_with(${subject.asText}, ${text(part)})`),
  ends_with: (part, subject) => ofText(subject, `ends with ${part}`, `ends_with(${subject.asText}, ${text(part)})`),
  contains: (part, subject) => ofText(subject, `contains ${part}`, `contains(${subject.asText}, ${text(part)})`),
  length: (range, subject) => {
    const [low, high] = endsOf(range)
    const length = `length(${subject.asText})`
    const broken = [low === null ? '' : `${length} < ${low}`, high === null ? '' : `${length} > ${high}`].filter(
      Boolean,
    )
    return rows(subject, `has ${rangeWords([low, high])} characters`, broken.join(' OR ') || 'false')
  },
  format: (format, subject) =>
    ofText(
      subject,
      `looks like ${/^[aeiu]/.test(format) ? 'an' : 'a'} ${format}`,
      looksLike(format, `(${subject.asText})`),
    ),
  strftime: (format, subject) =>
    ofText(subject, `is a time written ${format}`, `try_strptime(${subject.asText}, ${text(format)}) IS NOT NULL`),
  integer: (_, subject) =>
    subject.holds === 'number'
      ? rows(subject, 'is a whole number', `${subject.cell} != floor(${subject.cell})`)
      : unfit(`${subject.column} is a whole number`, subject),
  step: (step, subject) =>
    subject.holds === 'number'
      ? // As many steps as a whole number of them, but for what a double cannot hold.
        rows(
          subject,
          `is a multiple of ${step}`,
          `abs(${subject.cell} / ${step} - round(${subject.cell} / ${step})) > 1e-9`,
        )
      : unfit(`${subject.column} is a multiple of ${step}`, subject),
  z_score_below: (bound, subject) =>
    subject.holds === 'number'
      ? rows(
          subject,
          `lies less than ${bound} standard deviations from its mean`,
          `abs(${subject.cell} - orrery_mean) >= ${bound} * orrery_std`,
          {
            from: (table) =>
              `(SELECT * FROM ${table}, (SELECT avg(${subject.cell}) AS orrery_mean, stddev_samp(${subject.cell}) AS orrery_std FROM ${table}))`,
          },
        )
      : unfit(`${subject.column} lies less than ${bound} standard deviations from its mean`, subject),
  increasing: inOrder('<', 'increasing'),
  decreasing: inOrder('>', 'decreasing'),
  references: ({ source, column }, subject, table) => {
    const words = `is found in ${column} of ${source}`
    const other = table.others.get(otherKey({ source, column }))
    if (!other?.values)
      return {
        judges: 'schema',
        words: `${subject.column} ${words}`,
        verdict: { passed: false, observed: other?.unreadable ?? `${source} was not read` },
      }
    return rows(subject, words, 'orrery_absent', {
      from: (from) =>
        `(SELECT own.*, other.value IS NULL AS orrery_absent FROM ${from} AS own LEFT JOIN ${other.values} AS other ON other.value = ${ownText(subject)})`,
    })
  },
  exists: (_, { column, holds }) => ({
    judges: 'schema',
    words: `${column} exists`,
    verdict: { passed: true, observed: `it holds ${HOLDS_WORDS[holds]}` },
  }),
  type: (wanted, subject) => typed(`${subject.column} holds ${wanted}`, [wanted], subject),
  type_in: (wanted, subject) => typed(`${subject.column} holds ${wanted.join(' or ')}`, wanted, subject),
  position: (place, { column }, { stored }) => {
    const found = [...stored.keys()].indexOf(column)
    return {
      judges: 'schema',
      words: `${column} is column ${place}, from 0`,
      verdict: { passed: found === place, observed: `it is column ${found}` },
    }
  },
  min: extreme('min', 'least'),
  max: extreme('max', 'greatest'),
  mean: measure('mean', (cell) => `avg(${cell})`),
  median: measure('median', (cell) => `quantile_cont(${cell}, 0.5)`),
  sum: measure('sum', (cell) => `sum(${cell})`),
  std: measure('standard deviation', (cell) => `stddev_samp(${cell})`),
  skewness: measure('skewness', (cell) => `skewness(${cell})`),
  kurtosis: measure('excess kurtosis', (cell) => `kurtosis(${cell})`),
  quantiles: (wanted, subject) => {
    const places = Object.entries(wanted).map(([place, range]) => ({ place: Number(place), range }))
    const words = `of ${subject.column} ${places.map(({ place, range }) => `quantile ${place} is ${rangeWords(range)}`).join(', ')}`
    if (subject.holds !== 'number') return unfit(words, subject)
    return {
      judges: 'column',
      words,
      aggregates: places.map(({ place }) => `quantile_cont(${subject.cell}, ${place})`),
      judge: (values) => ({
        passed: places.every(({ range }, i) => lies(values[i]!, range)),
        observed: `they are ${values.map(figure).join(', ')}`,
      }),
    }
  },
  distinct: (range, { column, cell }) =>
    measured(`${column} has ${rangeWords(endsOf(range))} different values`, [`count(DISTINCT ${cell})`], ([value]) =>
      lies(value!, endsOf(range)),
    ),
  distinct_share: share('the different values', ({ cell }) => `count(DISTINCT ${cell}) / nullif(count(${cell}), 0)`),
  missing_share: share('the missing values', ({ cell }) => `1 - count(${cell}) / nullif(count(*), 0)`),
  distinct_in: (values, subject) => {
    const wanted = new Set(asShown(subject, values))
    return distinctValues(subject, `has no values but ${values.join(', ')}`, (found) => ({
      strange: [...found].filter((one) => !wanted.has(plainNumber(one, subject))),
    }))
  },
  distinct_equal: (values, subject) => {
    const wanted = asShown(subject, values)
    return distinctValues(subject, `has the values ${values.join(', ')}`, (found) => {
      const plain = new Set([...found].map((one) => plainNumber(one, subject)))
      return {
        strange: [...plain].filter((one) => !wanted.includes(one)),
        missing: wanted.filter((one) => !plain.has(one)),
      }
    })
  },
  distinct_contain: (values, subject) =>
    distinctValues(subject, `has ${values.join(', ')} among its values`, (found) => {
      const plain = new Set([...found].map((one) => plainNumber(one, subject)))
      return { missing: asShown(subject, values).filter((one) => !plain.has(one)) }
    }),
  most_common_in: (values, subject) => ({
    judges: 'asked',
    words: `the most frequent value of ${subject.column} is one of ${values.join(', ')}`,
    ask: async (duck, relation) => {
      const counted = `SELECT ${subject.asText} AS value, count(*) AS often FROM ${relation} WHERE ${subject.present} GROUP BY ${subject.cell}`
      // Of several that are as frequent, none may be another: which of them comes first says nothing.
      const top = await duck.rows<{ value: string }>(
        `SELECT value FROM (${counted}) QUALIFY often = max(often) OVER () ORDER BY value LIMIT ${values.length + 1}`,
      )
      if (top.length === 0) return { passed: false, observed: 'it holds nothing' }
      const known = asShown(subject, values)
      return {
        passed: top.every(({ value }) => known.includes(plainNumber(value, subject))),
        observed: `it is ${top.map(({ value }) => value).join(' and ')}`,
      }
    },
  }),
  not_constant: (_, { column, cell }) => ({
    judges: 'column',
    words: `${column} is not the same in every row`,
    aggregates: [`(min(${cell}) < max(${cell}))::INTEGER`],
    judge: ([varies]) => ({ passed: varies === 1, observed: varies === 1 ? 'it varies' : 'it does not vary' }),
  }),
  entropy: (range, { column, cell }) =>
    measured(`the entropy of ${column} is ${rangeWords(range)} bits`, [`entropy(${cell})`], ([value]) =>
      lies(value!, range),
    ),
  divergence: ({ shares, below }, subject) => ({
    judges: 'asked',
    words: `${subject.column} diverges from the expected shares by less than ${below}`,
    ask: async (duck, relation) => {
      const found = await duck.rows<{ value: string; count: number }>(
        `SELECT ${subject.asText} AS value, count(*) AS count FROM ${relation} WHERE ${subject.present} GROUP BY 1 LIMIT ${MOST_VALUES}`,
      )
      const all = found.reduce((sum, one) => sum + one.count, 0)
      // Kullback and Leibler's D(found ‖ expected): without bound where something is found that was not expected.
      const divergence = found.reduce((sum, { value, count }) => {
        const expected = shares[value] ?? 0
        return sum + (expected > 0 ? (count / all) * Math.log(count / all / expected) : Number.POSITIVE_INFINITY)
      }, 0)
      const strange = found.find(({ value }) => !(shares[value]! > 0))
      return {
        passed: divergence < below,
        observed: strange
          ? `it has ${strange.value}, which is not expected`
          : `the divergence is ${figure(divergence)}`,
      }
    },
  }),
}

/** Under which `references` finds the values of the other table. */
export function otherKey({ source, column }: { source: string; column?: string }): string {
  return JSON.stringify([source, column ?? null])
}

function plainNumber(shown: string, { holds }: Subject): string {
  return holds === 'number' ? String(Number(shown)) : shown
}

/** The cell's text where another relation is joined. */
function ownText({ asText, cell }: Subject): string {
  return asText.replaceAll(cell, `own.${cell}`)
}
