import { COLUMN_RULES, COLUMNS_RULES, type Expectation, TABLE_RULES } from '#projects/contract'
import { type Subject, subjectOf } from './cells.ts'
import { COMPILE_COLUMN, type ColumnEntry } from './column-rules.ts'
import { COMPILE_COLUMNS, type ColumnsEntry } from './columns-rules.ts'
import type { RowsEntry } from './rows-per.ts'
import type { CheckedTable, KnownRule, Rule } from './rule.ts'
import { COMPILE_TABLE, type TableEntry } from './table-rules.ts'

/** One thing that an entry says, ready to be checked. */
export interface Check {
  rule: Rule
  /** The key it stands under. */
  key: string
  column: string | null
  otherwise: Expectation['otherwise']
  /** The share of rows that has to hold. */
  mostly: number
  /** SQL; only rows count for which it is true. */
  when: string | undefined
}

type Compile = (written: never, subject: never, table: CheckedTable) => Rule

/** What an entry says, one check for each of its keys. */
export function compile(entry: Exclude<Expectation, RowsEntry>, table: CheckedTable): Check[] {
  const { mostly = 1, when, otherwise } = entry
  const column = 'column' in entry ? (entry as ColumnEntry).column : null
  return rulesOf(entry, table).map(({ key, rule }) => ({ rule, key, column, otherwise, mostly, when }))
}

function rulesOf(entry: Exclude<Expectation, RowsEntry>, table: CheckedTable): { key: string; rule: Rule }[] {
  const said = (rules: object) =>
    Object.keys(rules).flatMap((key) => {
      const written = (entry as Record<string, unknown>)[key]
      return written === undefined ? [] : [{ key, written }]
    })
  if ('column' in entry) {
    const subject = subjectFor((entry as ColumnEntry).column, table)
    return said(COLUMN_RULES).map(({ key, written }) => ({
      key,
      rule: subject
        ? (COMPILE_COLUMN as Record<string, Compile>)[key]!(written as never, subject as never, table)
        : noColumn((entry as ColumnEntry).column, key),
    }))
  }
  if ('columns' in entry) {
    const { columns } = entry as ColumnsEntry
    const subjects = columns.map((one) => subjectFor(one, table))
    const absent = columns[subjects.indexOf(undefined)]
    return said(COLUMNS_RULES).map(({ key, written }) => ({
      key,
      rule:
        absent === undefined
          ? (COMPILE_COLUMNS as Record<string, Compile>)[key]!(written as never, subjects as never, table)
          : noColumn(absent, key, columns),
    }))
  }
  const { by } = entry as TableEntry
  return said(TABLE_RULES).map(({ key, written }) => ({
    key,
    rule:
      by === undefined || table.stored.has(by)
        ? (COMPILE_TABLE as Record<string, (written: never, table: CheckedTable, entry: never) => Rule>)[key]!(
            written as never,
            table,
            entry as never,
          )
        : noColumn(by, key),
  }))
}

function subjectFor(column: string, { stored }: CheckedTable): Subject | undefined {
  const holds = stored.get(column)
  return holds && subjectOf(column, holds)
}

function noColumn(absent: string, key: string, columns: readonly string[] = [absent]): KnownRule {
  const observed = columns.length === 1 ? 'there is no such column' : `there is no column ${absent}`
  return {
    judges: 'schema',
    words: `${columns.join(', ')} ${key.replaceAll('_', ' ')}`,
    verdict: { passed: false, observed },
  }
}
