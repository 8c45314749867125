import { describe, expect, it } from 'vitest'
import type { Run } from '#tracking/contract'
import { differingParams, metricsOf } from './compare.ts'

describe('trials side by side', () => {
  const run = (params: Run['params'], metrics: Run['metrics']) => ({ params, metrics }) as Run

  it('shows what differs only, and the best whichever way the metric points', () => {
    const runs = [
      run({ learner: 'logistic', seed: '0', l2: '1' }, { roc_auc: 0.8, log_loss: 0.5, bias: 0.2 }),
      run({ learner: 'boosted_trees', seed: '0' }, { roc_auc: 0.9, log_loss: 0.4, bias: -0.1 }),
    ]
    expect(differingParams(runs, false)).toEqual(['l2', 'learner'])
    expect(differingParams(runs, true)).toEqual(['l2', 'learner', 'seed'])
    expect(Object.fromEntries(metricsOf(runs).map(({ name, best }) => [name, best]))).toEqual({
      roc_auc: 0.9,
      log_loss: 0.4,
      bias: -0.1,
    })
  })
})
