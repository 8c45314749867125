import { typeFrom } from './great-expectations.ts'
import { collector, type Imported } from './imported.ts'

type Written = Record<string, unknown>

/** What a check of theirs says of a column here. */
const CHECKS: Record<string, (value: unknown, all: Record<string, unknown>) => Written> = {
  greater_than: (value) => ({ more_than: value }),
  gt: (value) => ({ more_than: value }),
  greater_than_or_equal_to: (value) => ({ between: [value, null] }),
  ge: (value) => ({ between: [value, null] }),
  less_than: (value) => ({ less_than: value }),
  lt: (value) => ({ less_than: value }),
  less_than_or_equal_to: (value) => ({ between: [null, value] }),
  le: (value) => ({ between: [null, value] }),
  in_range: (_, { min_value, max_value, include_min = true, include_max = true }) => ({
    ...(Boolean(include_min || include_max) && {
      between: [include_min ? min_value : null, include_max ? max_value : null],
    }),
    ...(!include_min && { more_than: min_value }),
    ...(!include_max && { less_than: max_value }),
  }),
  equal_to: (value) => ({ in: [value] }),
  eq: (value) => ({ in: [value] }),
  not_equal_to: (value) => ({ not_in: [value] }),
  ne: (value) => ({ not_in: [value] }),
  isin: (value) => ({ in: value }),
  notin: (value) => ({ not_in: value }),
  str_matches: (value) => ({ match: `^(?:${value})` }),
  str_contains: (value) => ({ match: value }),
  str_startswith: (value) => ({ starts_with: value }),
  str_endswith: (value) => ({ ends_with: value }),
  str_length: (value, { min_value = null, max_value = null }) => ({
    length: typeof value === 'number' ? value : [min_value, max_value],
  }),
  unique_values_eq: (value) => ({ distinct_equal: value }),
}

/** Checks as Pandera writes them: by name, or as a list whose options say which. */
function checksOf(written: unknown): { name: string; value: unknown; all: Record<string, unknown>; warns: boolean }[] {
  if (Array.isArray(written))
    return written.flatMap((one) => {
      const { options, ...rest } = (one ?? {}) as { options?: { check_name?: string } }
      return options?.check_name ? checksOf({ [options.check_name]: { ...rest, options } }) : []
    })
  return Object.entries((written ?? {}) as Record<string, unknown>).map(([name, given]) => {
    const plain = typeof given !== 'object' || given === null || Array.isArray(given)
    const all = plain ? { value: given } : (given as Record<string, unknown>)
    const { raise_warning } = (all.options ?? {}) as { raise_warning?: boolean }
    return { name, value: all.value, all, warns: raise_warning === true }
  })
}

interface PanderaColumn {
  dtype?: unknown
  nullable?: boolean
  unique?: boolean
  required?: boolean
  regex?: boolean
  checks?: unknown
}

/** Expectations of a Pandera schema, as `schema.to_yaml()` or `to_json()` writes it, parsed. */
export function importPandera(schema: unknown): Imported {
  const { imported, add, skip } = collector()
  const whole = (schema ?? {}) as Record<string, unknown>
  const columns = (whole.columns ?? {}) as Record<string, PanderaColumn>
  for (const [column, { dtype, nullable = false, unique, required = true, regex, checks }] of Object.entries(columns)) {
    if (regex) {
      skip(column, 'it names columns by a regular expression; write an entry for each')
      continue
    }
    const type = dtype == null ? undefined : typeFrom(dtype)
    if (dtype != null && type === undefined) skip(`${column}: ${String(dtype)}`, 'there is no such type here')
    if (required || type) add(column, { column, exists: required || undefined, type })
    const rows = { column, not_null: nullable ? undefined : true, unique: unique || undefined }
    if (rows.not_null || rows.unique) add(column, rows)
    for (const { name, value, all, warns } of checksOf(checks)) {
      const make = CHECKS[name]
      if (!make) skip(`${column}: ${name}`, 'a check in Python; `holds` takes SQL over one row')
      else add(`${column}: ${name}`, { column, ...make(value, all), otherwise: warns ? 'warn' : undefined })
    }
  }
  const names = Object.keys(columns)
  if (whole.strict === true && whole.ordered === true) add('ordered', { columns_in_order: names })
  else if (whole.strict === true) add('strict', { columns_are: names })
  else if (whole.ordered === true)
    skip('ordered', 'the order of columns is checked with `columns_in_order`, which takes all of them')
  const together = (whole.unique ?? []) as string[]
  if (together.length === 1) add('unique', { column: together[0], unique: true })
  if (together.length > 1) add('unique', { columns: together, unique_together: true })
  for (const { name } of checksOf(whole.checks))
    skip(name, 'a check of the frame in Python; `holds` takes SQL over one row')
  return imported
}
