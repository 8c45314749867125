import { beforeAll, describe, expect, it } from 'vitest'
import { eventMigrations } from '#platform/events'
import { onEveryDatabase } from '#platform/testing'
import { openLogValues } from '../log-values.ts'
import { trackingMigrations } from '../migrations.ts'
import type { Condition, Order } from './conditions.ts'
import { insertExperiment } from './experiments.ts'
import { insertRun } from './runs.ts'
import { findRuns, type Patience } from './search.ts'

/*
 * Every plan of a search against a slow, plain implementation: the same runs in the same order, page by page.
 */

interface Made {
  id: string
  experiment: string
  name: string
  startedAt: number
  loss: number[]
  depth: string | undefined
  team: string | undefined
}

const EXPERIMENTS = ['a', 'b', 'c']
const NEW = { project: null, createdAt: 0, updatedAt: 0, deletedAt: null, tags: {} }
const PATIENCES: Patience[] = [
  { few: 2_000, many: 50_000 },
  { few: 0, many: 7 },
  { few: 5, many: 40 },
  { few: 0, many: 0 },
]

onEveryDatabase('searching runs', [...eventMigrations, ...trackingMigrations], (storage) => {
  const random = randomOf(7)
  const pick = <T>(of: readonly T[]) => of[Math.floor(random() * of.length)]!
  const runs: Made[] = []

  beforeAll(async () => {
    const { logIn } = openLogValues(storage())
    await storage().write(async (tx) => {
      for (const id of EXPERIMENTS) await insertExperiment(tx, { id, name: `experiment ${id}`, ...NEW })
      for (let i = 0; i < 240; i++) {
        const run: Made = {
          id: `run-${String(i).padStart(3, '0')}`,
          experiment: pick(EXPERIMENTS),
          name: pick(['one', 'Two', 'three']),
          startedAt: Math.floor(random() * 40),
          // Few different values, so that many runs are equal; NaN and none at all among them.
          loss: Array.from({ length: Math.floor(random() * 4) }, () => pick([0, 0.25, 0.5, 1, 2, Number.NaN])),
          depth: pick(['1', '2', '3', undefined]),
          team: pick(['x'.repeat(100), `${'x'.repeat(99)}y`, 'rare', undefined]),
        }
        runs.push(run)
        await insertRun(tx, { ...run, project: null, parent: null })
        await logIn(tx, run.id, {
          metrics: run.loss.map((value, step) => ({ key: 'loss', value, step, at: 0 })),
          params: run.depth === undefined ? [] : [['depth', run.depth]],
          tags: run.team === undefined ? [] : [['team', run.team]],
        })
      }
    })
  })

  const CONDITIONS: Condition[] = [
    { on: 'metric', key: 'loss', is: '>', value: 0.25 },
    { on: 'metric', key: 'loss', is: '<=', value: 1 },
    { on: 'metric', key: 'loss', is: '!=', value: 1 },
    { on: 'metric', key: 'loss', of: 'min', is: '<', value: 0.5 },
    { on: 'metric', key: 'loss', of: 'max', is: '=', value: 2 },
    { on: 'param', key: 'depth', is: '=', value: '2' },
    { on: 'param', key: 'depth', is: '!=', value: '2' },
    { on: 'param', key: 'depth', is: 'absent' },
    { on: 'tag', key: 'team', is: '=', value: 'x'.repeat(100) },
    { on: 'tag', key: 'team', is: '=', value: 'rare' },
    { on: 'tag', key: 'team', is: 'present' },
    { on: 'attribute', key: 'name', is: '=', value: 'Two' },
    { on: 'attribute', key: 'startedAt', is: '>=', value: 20 },
  ]
  const ORDERS: Order[][] = [
    [],
    [{ on: 'metric', key: 'loss', direction: 'asc' }],
    [{ on: 'metric', key: 'loss', direction: 'desc' }],
    [{ on: 'metric', key: 'loss', of: 'min', direction: 'asc' }],
    [{ on: 'metric', key: 'loss', of: 'max', direction: 'desc' }],
    [{ on: 'param', key: 'depth', direction: 'desc' }],
    [{ on: 'attribute', key: 'startedAt', direction: 'asc' }],
    [
      { on: 'tag', key: 'team', direction: 'asc' },
      { on: 'metric', key: 'loss', direction: 'desc' },
    ],
  ]

  describe.each(PATIENCES)('looking at $few runs one by one and walking $many', (patience) => {
    it('finds what a plain search finds', async () => {
      for (let round = 0; round < 150; round++) {
        const filter = {
          experiments: EXPERIMENTS.filter(() => random() < 0.6),
          where: CONDITIONS.filter(() => random() < 0.15),
          orderBy: pick(ORDERS),
          limit: pick([1, 5, 30, 300]),
          offset: pick([0, 0, 3, 50]),
        }
        const found = await findRuns(storage(), filter, patience)
        expect(
          found.map((run) => run.id),
          JSON.stringify(filter),
        ).toEqual(plainly(runs, filter))
      }
    })
  })
})

type Filter = { experiments: string[]; where: Condition[]; orderBy: Order[]; limit: number; offset: number }

function plainly(runs: readonly Made[], { experiments, where, orderBy, limit, offset }: Filter): string[] {
  const found = runs.filter((run) => experiments.includes(run.experiment) && where.every((one) => meets(run, one)))
  const byDefault: Order = { on: 'attribute', key: 'startedAt', direction: 'desc' }
  found.sort((a, b) => {
    for (const order of [...orderBy, byDefault]) {
      const difference = compare(valueIn(a, order), valueIn(b, order), order.direction)
      if (difference !== 0) return difference
    }
    return a.id < b.id ? 1 : -1
  })
  return found.slice(offset, offset + limit).map((run) => run.id)
}

type Value = number | string | undefined

function valueIn(
  run: Made,
  subject: Pick<Condition, 'on' | 'key'> & { of?: 'last' | 'min' | 'max' | undefined },
): Value {
  if (subject.on === 'param') return run.depth
  if (subject.on === 'tag') return run.team
  if (subject.on === 'attribute') return subject.key === 'name' ? run.name : run.startedAt
  if (subject.of === undefined || subject.of === 'last') return run.loss.at(-1)
  const numbers = run.loss.filter((value) => !Number.isNaN(value))
  if (numbers.length === 0) return undefined
  return subject.of === 'min' ? Math.min(...numbers) : Math.max(...numbers)
}

function meets(run: Made, condition: Condition): boolean {
  const value = valueIn(run, condition)
  if (condition.is === 'absent') return value === undefined
  if (condition.is === 'present') return value !== undefined
  if (value === undefined || Number.isNaN(value)) return false
  const { value: other } = condition as { value: Value }
  switch (condition.is) {
    case '=':
      return value === other
    case '!=':
      return value !== other
    case '<':
      return value < other!
    case '<=':
      return value <= other!
    case '>':
      return value > other!
    case '>=':
      return value >= other!
    default:
      throw new Error(`${condition.is} is not tried here`)
  }
}

/** Numbers, then NaN, then nothing, either way. */
function compare(a: Value, b: Value, direction: 'asc' | 'desc'): number {
  const rank = (value: Value) => (value === undefined ? 2 : Number.isNaN(value) ? 1 : 0)
  if (rank(a) !== rank(b) || rank(a) > 0) return rank(a) - rank(b)
  const difference = a! < b! ? -1 : a! > b! ? 1 : 0
  return direction === 'asc' ? difference : -difference
}

function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}
