import type { COLUMNS_RULES, Expectation } from '#projects/contract'
import { literals, type Subject } from './cells.ts'
import { figure, type KnownRule, lies, type RowRule, type Rule, rangeWords } from './rule.ts'

export type ColumnsEntry = Extract<Expectation, { columns: string[] }>
type Keys = keyof typeof COLUMNS_RULES
type Compilers = { [Key in Keys]: (written: NonNullable<ColumnsEntry[Key]>, subjects: readonly Subject[]) => Rule }

const named = (subjects: readonly Subject[]) => subjects.map((one) => one.column).join(', ')
const all = (subjects: readonly Subject[], test: (one: Subject) => string, joined: 'AND' | 'OR') =>
  `(${subjects.map(test).join(` ${joined} `)})`
const present = (one: Subject) => one.present

function rows(subjects: readonly Subject[], words: string, broken: string, more: Partial<RowRule> = {}): RowRule {
  return {
    judges: 'rows',
    words: `${named(subjects)} ${words}`,
    broken,
    about: all(subjects, present, 'AND'),
    shown: `concat_ws(', ', ${subjects.map((one) => `coalesce(CAST(${one.cell} AS VARCHAR), 'missing')`).join(', ')})`,
    ...more,
  }
}

function pairs<T>(values: readonly T[]): [T, T][] {
  return values.slice(1).map((value, i) => [values[i]!, value])
}

/** Values that cannot be compared with each other. */
function unlike(subjects: readonly Subject[], words: string, numbers = false): KnownRule | undefined {
  const odd = subjects.find((one) => one.holds !== (numbers ? 'number' : subjects[0]!.holds))
  if (!odd) return undefined
  const observed = numbers
    ? `${odd.column} holds ${odd.holds}, no numbers`
    : `${odd.column} holds ${odd.holds}, ${subjects[0]!.column} ${subjects[0]!.holds}`
  return { judges: 'schema', words: `${named(subjects)} ${words}`, verdict: { passed: false, observed } }
}

/** What each key of an entry about several columns compiles to. Rows that lack one of the values break only what says so. */
export const COMPILE_COLUMNS: Compilers = {
  equal: (_, subjects) =>
    unlike(subjects, 'are equal') ??
    rows(
      subjects,
      'are equal',
      pairs(subjects)
        .map(([a, b]) => `${a.cell} != ${b.cell}`)
        .join(' OR '),
    ),
  descending: (written, subjects) => {
    const orEqual = written === 'or_equal'
    const words = `each is greater than ${orEqual ? 'or equal to ' : ''}the next`
    const broken = pairs(subjects).map(([a, b]) => `${a.cell} ${orEqual ? '<' : '<='} ${b.cell}`)
    return unlike(subjects, words) ?? rows(subjects, words, broken.join(' OR '))
  },
  in_pairs: (wanted, subjects) => {
    const lists = wanted.flatMap((values) => {
      const cells = subjects.map((one, i) => literals(one, values[i] === undefined ? [] : [values[i]])[0])
      return cells.includes(undefined) ? [] : [`(${cells.join(', ')})`]
    })
    const together = `(${subjects.map((one) => one.cell).join(', ')})`
    return rows(
      subjects,
      `together are one of ${wanted.length} lists`,
      lists.length === 0 ? 'true' : `${together} NOT IN (${lists.join(', ')})`,
    )
  },
  unique_together: (_, subjects) => {
    const cells = subjects.map((one) => one.cell).join(', ')
    const some = all(subjects, present, 'OR')
    return rows(subjects, 'together are different in every row', 'orrery_nth > 1', {
      about: some,
      from: (table) =>
        `(SELECT *, row_number() OVER (PARTITION BY ${cells} ORDER BY file_row_number) AS orrery_nth FROM ${table} WHERE ${some})`,
      count: `count(*) FILTER (${some}) - count(DISTINCT (${cells})) FILTER (${some})`,
    })
  },
  different: (_, subjects) => {
    const clashes = subjects.flatMap((a, i) => subjects.slice(i + 1).map((b) => `${a.asText} = ${b.asText}`))
    return rows(subjects, 'are different within a row', clashes.join(' OR '), { about: all(subjects, present, 'OR') })
  },
  add_up_to: (sum, subjects) => {
    const words = `add up to ${sum}`
    const total = subjects.map((one) => one.cell).join(' + ')
    // Decimal fractions have no exact sum in doubles.
    const tolerance = `1e-9 * greatest(1, ${subjects.map((one) => `abs(${one.cell})`).join(' + ')})`
    return unlike(subjects, words, true) ?? rows(subjects, words, `abs(${total} - ${sum}) > ${tolerance}`)
  },
  all_or_none: (_, subjects) =>
    rows(
      subjects,
      'are all there, or none',
      `NOT (${all(subjects, present, 'AND')} OR NOT ${all(subjects, present, 'OR')})`,
      {
        about: 'true',
      },
    ),
  any: (_, subjects) => rows(subjects, 'are not all missing', `NOT ${all(subjects, present, 'OR')}`, { about: 'true' }),
  correlation: (range, subjects) => {
    const words = `correlate by ${rangeWords(range)}`
    const [a, b] = subjects
    return (
      unlike(subjects, words, true) ?? {
        judges: 'column',
        words: `${named(subjects)} ${words}`,
        aggregates: [`corr(${a!.cell}, ${b!.cell})`],
        judge: ([value]) => ({ passed: lies(value!, range), observed: `their correlation is ${figure(value!)}` }),
      }
    )
  },
}
