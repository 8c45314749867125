import { describe, expect, it } from 'vitest'
import { METRICS } from '../../../src/evaluation/metrics.ts'
import { directionNote, metricDirection } from './metrics.ts'

describe('metrics', () => {
  it('knows the direction of every metric the platform computes', () => {
    for (const metrics of Object.values(METRICS))
      for (const [name, direction] of Object.entries(metrics)) expect(metricDirection(name), name).toBe(direction)
    expect(directionNote('mae')).toBe('lower is better')
    expect(directionNote('roc_auc')).toBeNull()
  })
})
