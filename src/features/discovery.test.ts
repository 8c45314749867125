import { expect, it } from 'vitest'
import { FeatureView } from '#projects/contract'
import type { AppliedOnDemand, AppliedView } from './catalog-store.ts'
import { definitionOf, type OnDemandDefinition, type ViewDefinition } from './definition.ts'
import { searchFeatures } from './discovery.ts'

const view = (project: string, name: string, owner: string, columns: Record<string, unknown>): AppliedView => ({
  ...{ project, id: 1, number: 2, content: '', since: 0, serving: null },
  definition: definitionOf(
    name,
    FeatureView.parse({
      from: 'rows',
      entities: ['customer_id'],
      time: 'at',
      owner,
      description: `the ${name}`,
      columns,
    }),
    {},
  ) as ViewDefinition,
})

const VIEWS = [
  view('churn', 'usage', 'data@example.org', {
    minutes_7d: { type: 'number', description: 'called in the week' },
    plan: 'text',
  }),
  view('fraud', 'cards', 'risk@example.org', { minutes: 'number', spent: 'number' }),
]

const written = FeatureView.parse({
  on_demand: { views: ['usage'], request: { price: 'number' } },
  columns: { price_per_minute: { is: 'price / max(minutes_7d, 1)', description: 'what a minute costs' } },
})
const usage = FeatureView.parse({
  from: 'rows',
  entities: ['customer_id'],
  time: 'at',
  columns: { minutes_7d: 'number' },
})
const ON_DEMAND: AppliedOnDemand[] = [
  {
    ...{ project: 'churn', id: 2, number: 1, content: '', since: 0 },
    definition: definitionOf('cost', written, { usage, cost: written }) as OnDemandDefinition,
  },
]

const names = (question: string) =>
  searchFeatures({ stored: VIEWS, onDemand: ON_DEMAND }, question).map(({ view: of, feature }) => `${of}.${feature}`)

it('finds features by their name, the best fit first, over all projects', () => {
  expect(names('minutes')).toEqual(['cards.minutes', 'usage.minutes_7d'])
  expect(names('PLAN')).toEqual(['usage.plan'])
})

it('finds them by owner, key, view and what is said of them, and by several words at once', () => {
  expect(names('risk@example.org')).toEqual(['cards.minutes', 'cards.spent'])
  expect(names('week')).toEqual(['usage.minutes_7d'])
  expect(names('customer_id usage')).toEqual(['usage.minutes_7d', 'usage.plan'])
  expect(names('minutes fraud')).toEqual(['cards.minutes'])
  expect(names('minutes nowhere')).toEqual([])
})

it('says of each whose it is and what of', () => {
  expect(searchFeatures({ stored: VIEWS, onDemand: [] }, 'plan')[0]).toEqual({
    ...{ project: 'churn', view: 'usage', version: 2, feature: 'plan', type: 'text', owner: 'data@example.org' },
    ...{ online: true, entities: ['customer_id'], description: 'the usage' },
  })
  expect(names('').length).toBe(5)
})

it('finds what is computed on demand by the keys of what it is computed from', () => {
  expect(names('customer_id costs')).toEqual(['cost.price_per_minute'])
})
