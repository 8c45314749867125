import type { Format } from '#projects/contract'
import { text } from '../sql.ts'

/** SQL that is true for a text that looks like one. Patterns are RE2's. */
export function looksLike(format: Format, value: string): string {
  const checked = CHECKED[format as keyof typeof CHECKED]
  return checked ? checked(value) : `regexp_full_match(${value}, ${text(PATTERNS[format as keyof typeof PATTERNS])})`
}

const OCTET = '(25[0-5]|2[0-4][0-9]|1?[0-9]{1,2})'
const LABEL = '[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?'
const HOSTNAME = `(${LABEL}\\.)*${LABEL}`
const GROUP = '[0-9A-Fa-f]{1,4}'

const PATTERNS = {
  // As browsers check `<input type=email>` (WHATWG HTML 4.10.5.1.5), with a dot in the domain.
  email: `[A-Za-z0-9.!#$%&'*+/=?^_\`{|}~-]+@(${LABEL}\\.)+[A-Za-z]{2,63}`,
  url: `(https?|ftp)://(${HOSTNAME}|\\[[0-9A-Fa-f:.]+\\])(:[0-9]{1,5})?([/?#][^\\s]*)?`,
  uuid: '[0-9A-Fa-f]{8}-([0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}',
  ipv4: `(${OCTET}\\.){3}${OCTET}`,
  // Full, or shortened once with `::`.
  ipv6: `(${GROUP}:){7}${GROUP}|((${GROUP}(:${GROUP}){0,6})?)::((${GROUP}(:${GROUP}){0,6})?)`,
  hostname: HOSTNAME,
  mac: '([0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}',
  phone: '\\+?[0-9(][0-9 ()./-]{5,18}[0-9]',
  country: '[A-Z]{2,3}',
  currency: '[A-Z]{3}',
  hex: '(0x)?[0-9A-Fa-f]+',
  base64: '([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?',
  slug: '[a-z0-9]+(-[a-z0-9]+)*',
} as const

const digitsOf = (value: string) => `regexp_replace(${value}, '[ -]', '', 'g')`

const CHECKED = {
  card: (value: string) => `(regexp_full_match(${digitsOf(value)}, '[0-9]{13,19}') AND ${luhn(digitsOf(value))})`,
  iban: (value: string) => {
    const code = `upper(replace(${value}, ' ', ''))`
    return `(regexp_full_match(${code}, '[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}') AND ${mod97(code)} = 1)`
  },
  // A word such as "infinity" is a date to DuckDB, and none to people.
  date: (value: string) =>
    `(regexp_full_match(${value}, '[0-9]{4}-[0-9]{2}-[0-9]{2}') AND TRY_CAST(${value} AS DATE) IS NOT NULL)`,
  time: (value: string) =>
    `(regexp_matches(${value}, '^[0-9]{1,2}:[0-9]{2}') AND TRY_CAST(${value} AS TIME) IS NOT NULL)`,
  datetime: (value: string) =>
    `(regexp_matches(${value}, '^[0-9]{4}[-/]') AND TRY_CAST(${value} AS TIMESTAMPTZ) IS NOT NULL)`,
  json: (value: string) => `json_valid(${value})`,
  ascii: (value: string) => `(strlen(${value}) = length(${value}))`,
} as const

/** Whether the check digit of a number on a card is right (ISO/IEC 7812-1, annex B: Luhn's formula). */
export function luhn(digits: string): string {
  const weighed = `list_transform(string_split(reverse(${digits}), ''), lambda c, i: (TRY_CAST(c AS INTEGER) * (2 - i % 2)))`
  return `(coalesce(list_sum(list_transform(${weighed}, lambda d: d - CASE WHEN d > 9 THEN 9 ELSE 0 END)), 1) % 10 = 0)`
}

/** The remainder that is 1 for a right IBAN (ISO 13616: the first four characters at the end, letters as 10 to 35). */
export function mod97(code: string): string {
  const moved = `string_split(substr(${code}, 5) || substr(${code}, 1, 4), '')`
  const values = `list_transform(${moved}, lambda c: CASE WHEN c BETWEEN '0' AND '9' THEN TRY_CAST(c AS BIGINT) ELSE (unicode(c) - 55)::BIGINT END)`
  return `list_reduce(${values}, lambda sum, v: ((sum * CASE WHEN v > 9 THEN 100 ELSE 10 END + v) % 97))`
}
