import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { planChanges, renderPlan } from './plan.ts'
import { parseProject } from './spec/parse.ts'

const FILE = readFileSync(new URL('fixtures/electricity.yaml', import.meta.url), 'utf8')
const spec = (text: string) => parseProject(text).spec
const changed = (from: string, to: string) => {
  expect(FILE).toContain(from)
  return planChanges(spec(FILE), spec(FILE.replace(from, to)))
}

describe('planChanges', () => {
  it('finds nothing between equal files, however they are written', () => {
    expect(planChanges(spec(FILE), spec(FILE))).toEqual([])
    expect(changed('hold: 2h', 'hold: 120m')).toEqual([])
    expect(changed('    use: builtin/tabular\n', '')).toEqual([])
  })

  it('speaks in the words of the file', () => {
    expect(changed('[10%, 50%, 100%]', '[10%, 100%]')).toEqual([
      {
        op: 'change',
        path: 'deploy.price-up.strategy.canary',
        from: ['10%', '50%', '100%'],
        to: ['10%', '100%'],
        restarts: false,
      },
    ])
    expect(changed('label_arrives_after: 24h', 'label_arrives_after: 36h')).toMatchObject([
      { op: 'change', path: 'data.market.label_arrives_after', from: '1d', to: '36h' },
    ])
  })

  it('shows a gate by itself, not the list it is in', () => {
    expect(changed('  - robustness.flips_under_noise <= 0.02\n', '  - fairness.disparate_impact >= 0.8\n')).toEqual([
      { op: 'remove', path: 'gates', from: 'robustness.flips_under_noise <= 0.02', to: undefined, restarts: false },
      { op: 'add', path: 'gates', from: undefined, to: 'fairness.disparate_impact >= 0.8', restarts: false },
    ])
  })

  it('shows gates that only changed places', () => {
    const [a, b] = ['  - robustness.flips_under_noise <= 0.02\n', '  - latency.p99 <= duration("5ms")\n']
    expect(changed(a + b, b + a)).toMatchObject([{ op: 'change', path: 'gates' }])
  })

  it('knows what restarts: where a model runs and who answers, not how it is rolled out', () => {
    expect(changed('    environment: production\n', '    environment: staging\n')).toMatchObject([{ restarts: true }])
    expect(changed('last: 4', 'last: 3')).toMatchObject([
      { path: 'deploy.price-up.answer.combine.last', restarts: true },
    ])
    expect(changed('    answer: { combine: { last: 4, window: 7d } }\n', '')).toMatchObject([
      { op: 'remove', restarts: true },
    ])
    expect(changed('hold: 2h', 'hold: 3h')).toMatchObject([{ restarts: false }])
  })

  it('adds what a new project names, piece by piece', () => {
    const changes = planChanges(undefined, spec(FILE))
    expect(changes.every((change) => change.op === 'add')).toBe(true)
    expect(changes.map((change) => change.path)).toEqual([
      'project',
      'canvas',
      'data.market',
      'pipeline.train',
      'gates',
      'gates',
      'gates',
      'gates',
      'environments.staging',
      'environments.production',
      'deploy.price-up',
      'monitor.every',
      'monitor.drift',
      'monitor.quality',
      'monitor.decay',
      'monitor.fairness',
      'when',
      'when',
    ])
  })

  it('still compares with a spec that an older schema stored', () => {
    const old = { ...spec(FILE), retired: { key: 1 } } as unknown as ReturnType<typeof spec>
    expect(planChanges(old, spec(FILE))).toContainEqual(expect.objectContaining({ op: 'remove', path: 'retired' }))
  })
})

describe('renderPlan', () => {
  const heading = {
    project: 'electricity',
    server: 'http://127.0.0.1:7979',
    code: { commit: '9f3c2e1d00', dirty: false },
  }

  it('prints a heading, a line per change and what it amounts to', () => {
    const changes = [
      ...changed('estimate_without_labels: true', 'estimate_without_labels: false'),
      ...changed('[10%, 50%, 100%]', '[10%, 100%]'),
    ]
    expect(renderPlan(heading, changes)).toBe(
      `electricity · 9f3c2e1 (clean) → http://127.0.0.1:7979
  ~ monitor.quality.estimate_without_labels  true → false
  ~ deploy.price-up.strategy.canary          [10%, 50%, 100%] → [10%, 100%]
2 changes, nothing restarts. \`orrery apply\` to make them.
`,
    )
  })

  it('names what restarts', () => {
    expect(renderPlan(heading, changed('last: 4', 'last: 3'))).toContain(
      '1 change, price-up restarts. `orrery apply` to make it.',
    )
  })

  it('says when there is nothing to do, and what is not in git', () => {
    const outside = { ...heading, code: { commit: null, dirty: false } }
    expect(renderPlan(outside, [])).toBe(
      'electricity · not in git → http://127.0.0.1:7979\nNothing to change: the server follows this file.\n',
    )
  })

  it('keeps a large addition on one line', () => {
    const lines = renderPlan(heading, planChanges(undefined, spec(FILE))).split('\n')
    expect(lines.every((line) => line.length <= 150)).toBe(true)
    expect(lines.find((line) => line.includes('environments.staging'))).toContain(
      'checks [replay 1d, load (rate 50, for 30s)], certify auto',
    )
  })
})
