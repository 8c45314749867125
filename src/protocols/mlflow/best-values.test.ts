import { describe, expect, it } from 'vitest'
import { parseFilter } from './filter.ts'
import { conditionFrom, orderFrom } from './search-runs.ts'

describe('the lowest and the highest value of a metric, which the original cannot ask for', () => {
  it('stand in filters beside the last one', () => {
    const filter = "metrics.loss < 1 and metrics_min.loss < 0.1 and metric_max.`val/acc` >= 0.9 and params.depth = '6'"
    expect(parseFilter(filter).map(conditionFrom)).toEqual([
      { on: 'metric', key: 'loss', is: '<', value: 1 },
      { on: 'metric', of: 'min', key: 'loss', is: '<', value: 0.1 },
      { on: 'metric', of: 'max', key: 'val/acc', is: '>=', value: 0.9 },
      { on: 'param', key: 'depth', is: '=', value: '6' },
    ])
  })

  it('and in orders', () => {
    expect(orderFrom('metrics_max.acc DESC')).toEqual({ on: 'metric', of: 'max', key: 'acc', direction: 'desc' })
  })

  it('are numbers like every metric', () => {
    const [clause] = parseFilter("metrics_min.loss = 'low'")
    expect(() => conditionFrom(clause!)).toThrow('Expected numeric value type')
  })
})
