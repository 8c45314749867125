import { describe, expect, it } from 'vitest'
import { pageOfLink } from './mlflow-links.ts'

describe('the links that the mlflow client prints', () => {
  it.each([
    ['#/experiments', '/experiments'],
    ['#/experiments/0', '/experiments/0'],
    ['#/experiments/7/overview?workspace=a', '/experiments/7'],
    ['#/experiments/7/runs/abc', '/tracking/abc'],
    ['#/experiments/7/runs/abc/artifacts?x=1', '/tracking/abc'],
    ['#/experiments/7/traces', '/traces'],
    ['#/experiments/7/traces?selectedEvaluationId=tr-1', '/traces/tr-1'],
    ['#/models', '/models'],
    ['#/models/my%20model', '/models/my%20model'],
    ['#/models/a%2Fb/versions/3', '/models/a%2Fb/versions/3'],
    ['#/models/a/versions/x', '/models/a'],
    ['#/compare-runs?runs=["a","b"]&experiments=["0"]', '/compare?runs=a,b'],
    ['#/compare-runs?runs=[', '/experiments'],
    ['#/experiments/%E0%A4%A', '/experiments/%25E0%25A4%25A'],
  ])('%s leads to %s', (link, page) => {
    expect(pageOfLink(link)).toBe(page)
  })

  it('anything else is left alone', () => {
    expect(pageOfLink('')).toBeUndefined()
    expect(pageOfLink('#section')).toBeUndefined()
  })
})
