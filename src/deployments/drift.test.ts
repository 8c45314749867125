import { describe, expect, it } from 'vitest'
import { parseProject } from '#projects'
import type { Rollout } from './contract.ts'
import { driftOf } from './drift.ts'
import type { StoredEndpoint } from './store.ts'
import { strategyPlan } from './strategy.ts'
import { EMPTY, type EndpointState } from './traffic.ts'

const specWith = (strategy: string) =>
  parseProject(`project: lamps
data: { m: { source: m.csv, label: y } }
deploy: { lamps: { strategy: ${strategy} } }
`).spec
const spec = specWith('{ canary: [10%, 100%], hold: 1d }')

const place = (state: Partial<EndpointState>, over: Partial<StoredEndpoint> = {}): StoredEndpoint => ({
  ...{ name: 'lamps', project: 'lamps', environment: 'production', model: 'lamps', updatedAt: 0 },
  state: { ...EMPTY, ...state },
  ...over,
})

const rollout = (version: number, over: Partial<Rollout>): Rollout => {
  const { challengers: _, ...plan } = strategyPlan(spec.deploy.lamps!.strategy)
  return {
    ...{ id: `r${version}`, endpoint: 'lamps', project: 'lamps', model: 'lamps', version, from: version - 1 },
    ...{ ...plan, steps: [...plan.steps] },
    ...{ state: 'promoted', step: 0, share: 1, began: null, paused: null, pausedMs: 0, history: [] },
    ...{ createdAt: version, finishedAt: version },
    ...over,
  }
}

describe('where the server is not as the file says', () => {
  it('is nowhere while the loop does what it does by itself', () => {
    const canary = rollout(8, { state: 'canary', share: 0.1, finishedAt: null })
    const withdrawn = rollout(6, { state: 'rolled_back' })
    const rehearsal = place({ promoted: [8] }, { name: 'lamps-staging', environment: 'staging' })
    const here = place({ promoted: [5, 7], canary: { version: 8, share: 0.1 } })
    expect(driftOf(spec, [here, rehearsal], [canary, rollout(7, {}), withdrawn, rollout(5, {})])).toEqual([])
    expect(driftOf(spec, [place({})], [])).toEqual([])
    expect(driftOf(spec, [], [])).toEqual([])
  })

  it('is a version that somebody went back from, with who and why', () => {
    const back = { from: 8, to: 7, by: 'ada', reason: 'complaints', at: 9 }
    expect(driftOf(spec, [place({ promoted: [7], back })], [rollout(8, {}), rollout(7, {})])).toEqual([
      {
        endpoint: 'lamps',
        what: 'version',
        file: 'v8, promoted last',
        server: 'v7 answers',
        why: 'ada rolled back from v8: complaints',
      },
    ])
  })

  it('is another version than the one the file names, with how far that is on its way', () => {
    const { spec: pinned } = parseProject(`project: lamps
data: { m: { source: m.csv, label: y } }
deploy: { lamps: { version: 5 } }
`)
    expect(driftOf(pinned, [place({ promoted: [8, 5] })], [rollout(8, { finishedAt: 9 }), rollout(5, {})])).toEqual([])
    const found = (rollouts: Rollout[]) => driftOf(pinned, [place({ promoted: [8] })], rollouts)
    expect(found([])).toMatchObject([
      { what: 'version', file: 'v5', server: 'v8 answers', why: 'it is not registered here, or not signed' },
    ])
    const note = {
      at: 1,
      eventTime: null,
      state: 'awaiting_certification' as const,
      share: 0,
      note: 'checked',
      by: null,
    }
    const under = rollout(5, {
      state: 'awaiting_certification',
      finishedAt: null,
      history: [{ ...note, evidence: null }],
    })
    expect(found([under])[0]!.why).toBe('its roll-out is awaiting certification: checked')
  })

  it('is a roll-out that somebody paused, or that began with other steps', () => {
    const paused = { at: 1, by: 'ada', reason: 'the shop moves' }
    const under = rollout(8, { state: 'canary', share: 0.1, finishedAt: null, paused })
    const found = driftOf(specWith('{ blue_green: true }'), [place({ promoted: [7] })], [under, rollout(7, {})])
    expect(found.map(({ what }) => what)).toEqual(['strategy', 'paused'])
    expect(found[0]).toMatchObject({
      file: 'blue/green [100% 600s by the clock]',
      server: 'v8 by canary [10% 24h]',
    })
    const waiting = { ...under, paused: { ...paused, by: 'orrery' } }
    expect(driftOf(spec, [place({ promoted: [7] })], [waiting, rollout(7, {})])).toEqual([])
  })

  it('is an endpoint of another environment, one that the file does not name, and one deployed by hand', () => {
    const found = driftOf(
      spec,
      [
        place({}, { environment: 'staging' }),
        place({ promoted: [3] }, { name: 'old' }),
        place({ promoted: [8] }, { name: 'side', project: null }),
        place({ promoted: [8] }, { name: 'try', project: null, environment: 'development' }),
      ],
      [],
    )
    expect(found.map(({ endpoint, what }) => [endpoint, what])).toEqual([
      ['lamps', 'environment'],
      ['old', 'endpoint'],
      ['side', 'endpoint'],
    ])
  })
})
