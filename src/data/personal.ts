import type { PersonalData } from './contract.ts'
import type { Duck } from './duckdb.ts'
import { cellsOf } from './expectations/cells.ts'
import { looksLike } from './expectations/formats.ts'
import type { Holds } from './read/raw-table.ts'

/** Fewer values prove nothing. */
const FEWEST = 10
/** So many of the values have to look like it. */
const MOST = 0.7
const BATCH = 100

type Kind = PersonalData['kind']

/** What a value looks like, most telling first: a card's check digit is right by chance in one of ten numbers. */
const BY_VALUE: readonly (readonly [kind: Kind, looks: (text: string) => string])[] = [
  ['email', (value) => looksLike('email', value)],
  ['iban', (value) => looksLike('iban', value)],
  ['card', (value) => looksLike('card', value)],
  [
    'phone',
    (value) =>
      `(regexp_matches(${value}, '[ ()+/-]') AND NOT ${looksLike('date', value)} AND NOT ${looksLike('ipv4', value)} AND length(regexp_replace(${value}, '[^0-9]', '', 'g')) BETWEEN 7 AND 15 AND ${looksLike('phone', value)})`,
  ],
  [
    'ip_address',
    (value) => `(${looksLike('ipv4', value)} OR (contains(${value}, ':') AND ${looksLike('ipv6', value)}))`,
  ],
]

/** What a column's name says of people; values have to be text of some length for a name to count. */
const BY_NAME: readonly (readonly [kind: Kind, pattern: RegExp, textOnly: boolean])[] = [
  [
    'name',
    /^((first|last|full|family|given|sur|middle|maiden|customer|user|client|patient|employee|contact)[_ -]?name|surname|name|vorname|nachname)$/i,
    true,
  ],
  ['birth_date', /(birth|^dob$|geburt)/i, false],
  ['address', /(^|[_ -])(street|address|addr|strasse|straße)([_ -]|$)/i, true],
  [
    'government_id',
    /(^|[_ -])(ssn|passport|tax[_ -]?id|national[_ -]?id|driver.?licen[cs]e|nino|svnr)([_ -]|$)/i,
    false,
  ],
]

/**
 * Columns that seem to tell who somebody is: by what their values look like (check digits of cards and IBANs included),
 * or by their name. A suspicion, to be looked at by a person.
 *
 * @param sample relation of some of the rows
 */
export async function personalData(
  duck: Duck,
  sample: string,
  stored: ReadonlyMap<string, Holds>,
): Promise<PersonalData[]> {
  const found: PersonalData[] = []
  const looked = [...stored].filter(([, holds]) => holds !== 'time')
  for (let from = 0; from < looked.length; from += BATCH) {
    const batch = looked.slice(from, from + BATCH)
    const kinds = BY_VALUE.map(([kind, looks]) => `count(*) FILTER (${looks('value')}) AS ${kind}`)
    // As one column of all values: patterns are compiled once, not once for each column.
    const rows = await duck.rows<{ i: number; present: number } & Record<string, number>>(
      `SELECT i, count(value) AS present, ${kinds.join(', ')} FROM ${cellsOf(batch, sample)} GROUP BY i ORDER BY i`,
    )
    batch.forEach(([column], i) => {
      const { present, ...alike } = rows[i]!
      const [kind] = BY_VALUE.find(([one]) => present >= FEWEST && alike[one]! >= MOST * present) ?? []
      if (!kind) return
      const share = alike[kind]! / present
      found.push({ column, kind, share, reason: `${Math.round(share * 100)} % of its values look like one` })
    })
  }
  for (const [column, holds] of stored) {
    if (found.some((one) => one.column === column)) continue
    const said = BY_NAME.find(([, pattern, textOnly]) => pattern.test(column) && (!textOnly || holds === 'text'))
    if (said) found.push({ column, kind: said[0], share: null, reason: 'its name says so' })
  }
  return found
}
