import { expect, it } from 'vitest'
import type { Frame } from '#platform/table'
import { relationsOf } from './relations.ts'
import { testFolder } from './tables.fixture.ts'

const folder = testFolder()
/** Repeatable noise in [0, 1). */
const noise = (i: number) => Math.abs((Math.sin(i * 12.9898) * 43758.5453) % 1)

const PEOPLE = Array.from({ length: 200 }, (_, i) => {
  const card = ['4111111111111111', '5500 0000 0000 0004'][i % 2]
  return [
    `user${i}@example.org`,
    card,
    `+49 30 ${1_000_000 + i}`,
    ['DE89370400440532013000', 'GB82WEST12345698765432'][i % 2],
    ['Ada', 'Bo', 'Cy'][i % 3],
    `192.0.2.${i}`,
    i === 7 ? 1e6 : noise(i),
    noise(i) * 2 + 1,
    noise(i + 1000),
    `2025-01-${String((i % 28) + 1).padStart(2, '0')}`,
    `${100000 + i * 7}-x`,
  ].join()
})
const TABLE = `mail,pay,tel,account,first_name,host,x,twice,other,day,code\n${PEOPLE.join('\n')}\n`

it('suspects what may tell who somebody is, and nothing else', async () => {
  const { profile, warnings } = await folder.ingestText(TABLE)
  const kinds = Object.fromEntries(profile.depth!.personal.map((one) => [one.column, one.kind]))
  expect(kinds).toEqual({
    mail: 'email',
    pay: 'card',
    tel: 'phone',
    account: 'iban',
    host: 'ip_address',
    first_name: 'name',
  })
  expect(profile.columns.find((one) => one.name === 'mail')!.flags).toContain('personal')
  expect(warnings.map((one) => one.code)).toContain('ORRERY_DATA_PERSONAL_SUSPECTED')
})

it('counts what lies far out, repeated rows, and what texts are like', async () => {
  const { depth } = (await folder.ingestText(`${TABLE}${PEOPLE[0]}\n${PEOPLE[0]}\n`)).profile
  expect(depth!.columns.x!.outliers!.rows).toBe(1)
  expect(depth!.columns.other!.outliers!.rows).toBe(0)
  expect(depth!.repeated).toEqual({ rows: 2, exact: true })
  expect(depth!.columns.mail!.text).toMatchObject({ shortest: 17, longest: 19, ascii: 1, words: 1, digits: 0 })
  const cyrillic = await folder.ingestText(`s\n${'привет мир\n'.repeat(3)}hello\n`)
  expect(cyrillic.profile.depth!.columns.s!.text).toMatchObject({
    ascii: 0.25,
    scripts: { Cyrillic: 0.75, Latin: 0.25 },
  })
})

it('says which columns are one too many, and which no longer vary', async () => {
  const rows = Array.from({ length: 100 }, (_, i) => `${noise(i)},${noise(i) * 3},${i % 2},${i === 5 ? 'b' : 'a'}`)
  const before = await folder.ingestText(`a,b,c,d\n${rows.join('\n')}\n`)
  const flags = (table: typeof before, name: string) => table.profile.columns.find((one) => one.name === name)!.flags
  expect(flags(before, 'a')).not.toContain('redundant')
  expect(flags(before, 'b')).toContain('redundant')
  const constant = rows.map((row) => row.split(',').with(2, '1').join())
  const after = await folder.ingestText(`a,b,c,d\n${constant.join('\n')}\n`, {}, { previous: before.schema })
  expect(flags(after, 'c')).toEqual(expect.arrayContaining(['constant', 'became_constant']))
  expect(after.warnings.map((one) => one.code)).toContain('ORRERY_DATA_COLUMNS_BECAME_CONSTANT')
})

it('measures relations of every kind', () => {
  const rows = 600
  const codes = Int32Array.from({ length: rows }, (_, i) => i % 3)
  const numeric = (name: string, of: (i: number) => number) => ({
    name,
    kind: 'numeric' as const,
    values: Float64Array.from({ length: rows }, (_, i) => of(i)),
  })
  const frame: Frame = {
    rows,
    columns: [
      numeric('x', (i) => noise(i)),
      numeric('cubed', (i) => -(noise(i) ** 3)),
      numeric('free', (i) => noise(i + 5_000)),
      numeric('by', (i) => (i % 3) * 10 + noise(i)),
      { name: 'k', kind: 'categorical', codes, categories: ['a', 'b', 'c'] },
      { name: 'same', kind: 'categorical', codes: codes.map((code) => 2 - code), categories: ['p', 'q', 'r'] },
      {
        name: 'many',
        kind: 'categorical',
        codes: Int32Array.from({ length: rows }, (_, i) => Math.floor(noise(i + 9_000) * 90)),
        categories: Array.from({ length: 90 }, (_, i) => `m${i}`),
      },
    ],
  }
  const found = new Map(relationsOf(frame).map((one) => [`${one.a} ${one.b}`, one]))
  expect(found.get('x cubed')).toMatchObject({ measure: 'spearman', value: -1 })
  expect(found.get('k same')!.value).toBeCloseTo(1, 6)
  expect(found.get('by k')).toMatchObject({ measure: 'correlation_ratio' })
  expect(found.get('by k')!.value).toBeGreaterThan(0.9)
  // Ninety categories explain a tenth of anything by chance; corrected, hardly any of it is left.
  expect(Math.abs(found.get('free many')?.value ?? 0)).toBeLessThan(0.3)
  expect(found.has('x free')).toBe(false)
})
