import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { readFrame } from './frame.ts'
import { readSplit } from './read-split.ts'
import { splitBy, testFolder } from './tables.fixture.ts'

const folder = testFolder()
const shared = fileURLToPath(new URL('../../../shared/data/', import.meta.url))
const file = (name: string) => `${shared}${name}`
const [elec2, telco, bikes, compas, adult, german] = [
  'elec2/elec2.csv',
  'telco-churn/Telco-Customer-Churn.csv',
  'bike-sharing/hour.csv',
  'compas/compas-scores-two-years.csv',
  'adult/adult-train.csv',
  'german-credit/german.csv',
].map(file) as [string, string, string, string, string, string]
const DAY = 86_400_000

describe.skipIf(!existsSync(elec2))(`Elec2 (${elec2})`, () => {
  const spec = {
    source: elec2,
    sha256: '11c59956eaf4a02ab01b1e241a666aab8cd379d3b4efa8ad77e1494941ebd0e1',
    label: 'class',
    time: ['timestamp'],
    split: splitBy('time'),
    expect: [
      { column: 'nswprice', between: [0, 1] as [number, number], otherwise: 'stop' as const },
      { rows_per: DAY, equals: 48, otherwise: 'warn' as const },
    ],
  }

  it('is 45,312 half hours in order, nothing missing, nothing suspect', async () => {
    const { rows, schema, profile, expectations, split, warnings, parquetPath } = await folder.ingest(spec)
    expect(rows).toBe(45_312)
    expect(schema.columns.map(({ type, missing }) => [type, missing])).toEqual([
      ['timestamp', 0],
      ...new Array(8).fill(['numeric', 0]),
    ])
    expect(profile.label).toEqual({
      column: 'class',
      task: 'binary',
      classes: ['0', '1'],
      counts: [26_075, 19_237],
      missing: 0,
    })
    expect(profile.time).toMatchObject({ from: Date.UTC(1996, 4, 7), ordered: true, period: DAY })
    expect(new Set(profile.time!.rows)).toEqual(new Set([48]))
    expect(expectations.map((result) => result.passed)).toEqual([true, true])
    expect(warnings).toEqual([])
    const parts = await readSplit(parquetPath, split!, profile.label!, spec.time)
    expect([...parts.train]).toEqual(Array.from({ length: 36_250 }, (_, i) => i))
    const { frame, target, time } = await readFrame(parquetPath, {
      columns: ['nswprice'],
      label: profile.label,
      time: spec.time,
      rows: { from: 0, to: 2 },
    })
    expect(frame.columns[0]).toMatchObject({ values: Float64Array.of(0.05644299999999999, 0.051699) })
    expect([...target!, ...time!]).toEqual([1, 1, Date.UTC(1996, 4, 7), Date.UTC(1996, 4, 7, 0, 30)])
  })
})

describe.skipIf(!existsSync(telco))(`Telco churn (${telco})`, () => {
  it('has eleven blank charges and an identifier', async () => {
    const { rows, schema, profile } = await folder.ingest({
      source: telco,
      label: 'Churn',
      split: splitBy('stratified'),
    })
    expect(rows).toBe(7_043)
    const column = (name: string) => schema.columns.find((one) => one.name === name)
    expect(column('TotalCharges')).toMatchObject({ name: 'TotalCharges', type: 'numeric', missing: 11, integer: false })
    expect(column('customerID')?.type).toBe('identifier')
    expect(schema.columns.filter((one) => one.type === 'numeric').map((one) => one.name)).toEqual([
      'SeniorCitizen',
      'tenure',
      'MonthlyCharges',
      'TotalCharges',
    ])
    expect(profile.label).toMatchObject({ task: 'binary', classes: ['No', 'Yes'], counts: [5_174, 1_869] })
    expect(profile.leakage).toEqual([])
  })
})

describe.skipIf(!existsSync(bikes))(`Bike sharing (${bikes})`, () => {
  it('is a count per hour, whose parts give it away', async () => {
    const { rows, schema, profile, parquetPath } = await folder.ingest({
      source: bikes,
      label: 'cnt',
      time: ['dteday', 'hr'],
      split: splitBy('time'),
    })
    expect(rows).toBe(17_379)
    expect(schema.columns.filter((one) => one.type !== 'numeric').map(({ name, type }) => [name, type])).toEqual([
      ['instant', 'identifier'],
      ['dteday', 'timestamp'],
    ])
    expect(profile.label?.task).toBe('regression')
    expect(profile.time).toMatchObject({ from: Date.UTC(2011, 0, 1), to: Date.UTC(2012, 11, 31, 23), ordered: true })
    expect(profile.leakage.map((leak) => leak.column)).toEqual(['registered'])
    const { time } = await readFrame(parquetPath, { columns: [], time: ['dteday', 'hr'], rows: { from: 5, to: 6 } })
    expect(time![0]).toBe(Date.UTC(2011, 0, 1, 5))
  })
})

describe.skipIf(!existsSync(compas))(`COMPAS (${compas})`, () => {
  it('names two columns twice', async () => {
    await expect(folder.ingest({ source: compas })).rejects.toMatchObject({
      code: 'ORRERY_DATA_COLUMNS_DUPLICATE',
      details: { columns: ['decile_score', 'priors_count'] },
    })
  })
})

describe.skipIf(!existsSync(adult) || !existsSync(german))(`Adult and German credit (${adult}, ${german})`, () => {
  it.each([adult, german])('have no header: %s', async (source) => {
    await expect(folder.ingest({ source })).rejects.toMatchObject({ code: 'ORRERY_DATA_HEADER_MISSING' })
  })
})
