import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { replayPlan } from '../replay.ts'
import { type Cell, requestOf, rowMillis, type World, type WorldRow } from '../world.ts'
import { recognizeWorld } from './recognize.ts'
import { telcoChurnWorld } from './telco-churn.ts'

const data = new URL('../../../../shared/data/', import.meta.url)
const elec2 = new URL('elec2/elec2.csv', data)
const bikes = new URL('bike-sharing/hour.csv', data)
const telco = new URL('telco-churn/Telco-Customer-Churn.csv', data)

/** These three tables quote nothing, so a split at commas reads them. */
function readTable(file: URL): { columns: string[]; rows: WorldRow[] } {
  const [header, ...lines] = readFileSync(file, 'utf8').trimEnd().split(/\r?\n/)
  const columns = header!.split(',')
  const cell = (text: string): Cell => (text.trim() === '' ? text : Number.isNaN(Number(text)) ? text : Number(text))
  const rows = lines.map((line) => Object.fromEntries(line.split(',').map((text, i) => [columns[i]!, cell(text)])))
  return { columns, rows }
}

function readWorld(file: URL): World {
  const { columns, rows } = readTable(file)
  return recognizeWorld(columns, rows)!
}

const replay = (world: World) => [
  ...replayPlan(world.rows, {
    start: world.history,
    labelDelay: world.labelDelay,
    time: (row) => rowMillis(world, row),
  }),
]

describe.skipIf(!existsSync(elec2))('Elec2 (skipped without shared/data/elec2)', () => {
  it('starts after its first tenth and tells each label one day later', () => {
    const world = readWorld(elec2)
    expect(world).toMatchObject({ name: 'electricity', simulated: false, history: 4_531, labelDelay: { rows: 48 } })
    const steps = replay(world)
    expect(steps.flatMap((step) => (step.kind === 'predict' ? step.rows : []))).toHaveLength(45_312 - 4_531)
    // Whole days: the labels told at the end of a day are the rows of the day before.
    const [label] = steps.filter((step) => step.kind === 'label').slice(100)
    const day = steps.find((step) => step.kind === 'predict' && step.rows[0] === label!.rows[0])!
    expect(label!.rows).toEqual(day.rows)
    expect(Date.parse(label!.day) - Date.parse(day.day)).toBe(86_400_000)
  })

  it('sends the seven columns of the row itself', () => {
    const world = readWorld(elec2)
    expect(Object.keys(requestOf(world, world.rows[0]!))).toEqual([
      'day_of_week',
      'period',
      'nswprice',
      'nswdemand',
      'vicprice',
      'vicdemand',
      'transfer',
    ])
  })
})

describe.skipIf(!existsSync(bikes))('bike sharing (skipped without shared/data/bike-sharing)', () => {
  it('starts on 1 July 2011, in the order of its hours', () => {
    const world = readWorld(bikes)
    expect(world).toMatchObject({ name: 'bike-sharing', task: 'regression', history: 4_250 })
    expect(world.rows[world.history]).toMatchObject({ dteday: '2011-07-01', hr: 0 })
    expect(replay(world).flatMap((step) => (step.kind === 'label' ? step.rows : []))).toHaveLength(17_379 - 4_250)
  })

  it('sends no column that gives the count or the trend away', () => {
    const world = readWorld(bikes)
    for (const name of ['cnt', 'casual', 'registered', 'yr', 'instant']) expect(world.features).not.toContain(name)
    expect([...world.columns].sort()).toEqual(readTable(bikes).columns.sort())
  })
})

describe.skipIf(!existsSync(telco))('Telco churn (skipped without shared/data/telco-churn)', () => {
  it('says that its times are made up, and draws the same order each time', () => {
    const world = readWorld(telco)
    expect(world).toMatchObject({ name: 'telco-churn', simulated: false, history: 4_225 })
    expect(world.note).toMatch(/made up/)
    expect(readWorld(telco).rows).toEqual(world.rows)
    const { rows } = readTable(telco)
    expect(telcoChurnWorld(rows, { seed: 8 }).rows).not.toEqual(world.rows)
    expect(world.rows.map((row) => row.customerID).sort()).toEqual(rows.map((row) => row.customerID).sort())
  })

  it('knows all labels of the history when the first live customer arrives', () => {
    const world = readWorld(telco)
    const last = rowMillis(world, world.rows[world.history - 1]!)
    const first = rowMillis(world, world.rows[world.history]!)
    expect(first - last).toBeGreaterThanOrEqual(30 * 86_400_000)
    expect(replay(world).flatMap((step) => (step.kind === 'label' ? step.rows : []))).toHaveLength(7_043 - 4_225)
  })

  it('reads the blank totals of new customers as missing', () => {
    const world = readWorld(telco)
    const blank = world.rows.filter((row) => row.TotalCharges === null)
    expect(blank).toHaveLength(11)
    expect(blank.every((row) => row.tenure === 0)).toBe(true)
    expect(world.rows.every((row) => row.TotalCharges === null || Number.isFinite(row.TotalCharges))).toBe(true)
  })
})

it('recognizes no table it does not know', () => {
  expect(recognizeWorld(['timestamp', 'class'], [])).toBeUndefined()
})
