import { describe, expect, it } from 'vitest'
import { Strategy } from '#projects'
import type { Rollout } from './contract.ts'
import { advance, type RolloutEvent } from './rollout.ts'
import { strategyPlan } from './strategy.ts'

const DAY = 86_400_000
const MINUTE = 60_000

const begun = (from: number | null, strategy: object = { canary: ['10%', '50%', '100%'], hold: '1d' }): Rollout => {
  const { challengers: _, ...plan } = strategyPlan(Strategy.parse(strategy))
  return {
    ...{ id: 'r1', endpoint: 'price-up', project: 'electricity', model: 'price-up', version: 8, from },
    ...{ ...plan, steps: [...plan.steps] },
    ...{ state: 'staging', step: 0, share: 0, began: null, paused: null, pausedMs: 0 },
    ...{ history: [], createdAt: 0, finishedAt: null },
  }
}

const played = (rollout: Rollout, ...events: RolloutEvent[]) =>
  events.reduce((current, event, i) => advance(current, event, i + 1), rollout)

const checked: RolloutEvent = { kind: 'checked', passed: true, note: '200 requests' }
const certified: RolloutEvent = { kind: 'certified', by: 'qa', eventTime: 10 * DAY, requests: 100 }
const period = (day: number, worse = false): RolloutEvent => ({
  kind: 'period',
  eventTime: day * DAY,
  worse,
  note: worse ? 'worse' : 'even',
})
const clock = (over: Partial<Extract<RolloutEvent, { kind: 'clock' }>> = {}): RolloutEvent => ({
  ...{ kind: 'clock', eventTime: null, requests: 100, worse: false, note: 'even' },
  ...over,
})
const person = { by: 'ada', reason: 'the shop moves' }

describe('a roll-out', () => {
  it('waits for a signature after its checks, whatever periods pass', () => {
    expect(played(begun(7), checked, period(11), period(12), clock()).state).toBe('awaiting_certification')
  })

  it('climbs the canary one hold at a time and is promoted with the last step', () => {
    const canary = played(begun(7), checked, certified)
    expect([canary.state, canary.share]).toEqual(['canary', 0.1])
    const half = played(canary, period(10.5), period(11))
    expect([half.state, half.share]).toEqual(['canary', 0.5])
    const whole = played(half, period(12))
    expect([whole.state, whole.share, whole.finishedAt]).toEqual(['promoted', 1, 1])
  })

  it('does not move by the clock where it is held in event time, but goes back by it', () => {
    const canary = played(begun(7), checked, certified)
    expect(advance(canary, clock({ requests: 1e9 }), 99 * DAY)).toBe(canary)
    expect(advance(canary, clock({ worse: true }), 99 * DAY).state).toBe('rolled_back')
  })

  it('is rolled back at any step on evidence, and stays so', () => {
    const back = played(begun(7), checked, certified, period(11), period(11.2, true), period(20))
    expect([back.state, back.share]).toEqual(['rolled_back', 0])
    expect(back.history.at(-1)?.note).toBe('worse')
  })

  it('goes straight to production where there is no champion to compare with', () => {
    expect(played(begun(null), checked, certified).state).toBe('promoted')
  })

  it('is rejected by a failed check or a refusal, and no later signature revives it', () => {
    expect(played(begun(7), { ...checked, passed: false }, certified).state).toBe('rejected')
    expect(played(begun(7), checked, { kind: 'refused', by: 'qa', reason: 'bias' }, certified).state).toBe('rejected')
  })

  it('takes the same event twice as once', () => {
    const once = played(begun(7), checked, certified)
    expect(advance(advance(once, checked, 9), certified, 9)).toBe(once)
  })

  it('counts a step that began without traffic from its first request', () => {
    const early = played(begun(7), checked, { ...certified, eventTime: null, requests: null })
    const first = played(early, period(10))
    expect(first.history.at(-1)?.note).toBe('first traffic')
    expect([played(first, period(10.9)).share, played(first, period(11)).share]).toEqual([0.1, 0.5])
  })
})

describe('a step that is held by the clock and by requests', () => {
  const canary = played(begun(7, { canary: ['10%', '100%'], clock: '10m', requests: 500 }), checked, certified)

  it('is over when all that it asks for has passed', () => {
    expect(advance(canary, clock({ requests: 600 }), 9 * MINUTE)).toBe(canary)
    expect(advance(canary, clock({ requests: 599 }), 11 * MINUTE)).toBe(canary)
    expect(advance(canary, clock({ requests: 600 }), 11 * MINUTE).state).toBe('promoted')
  })

  it('is held while its rule does not hold', () => {
    expect(advance(canary, clock({ requests: 600, ready: false }), 11 * MINUTE)).toBe(canary)
  })

  it('stands still while it is paused, and still goes back by rule', () => {
    const paused = advance(canary, { kind: 'paused', ...person }, 5 * MINUTE)
    expect(paused).toMatchObject({ state: 'canary', paused: { by: 'ada' } })
    expect(advance(paused, clock({ requests: 600 }), 30 * MINUTE)).toBe(paused)
    expect(advance(paused, clock({ worse: true }), 30 * MINUTE).state).toBe('rolled_back')
    const resumed = advance(paused, { kind: 'resumed', ...person }, 25 * MINUTE)
    expect(advance(resumed, clock({ requests: 600 }), 26 * MINUTE)).toBe(resumed)
    expect(advance(resumed, clock({ requests: 600 }), 31 * MINUTE).state).toBe('promoted')
    expect(resumed.history.map(({ by }) => by)).toEqual([null, 'qa', 'ada', 'ada'])
  })
})

describe('what a person decides', () => {
  it('skips a step, but neither checks nor a signature', () => {
    const skip: RolloutEvent = { kind: 'skipped', ...person }
    expect(played(begun(7), skip).state).toBe('staging')
    expect(played(begun(7), checked, skip).state).toBe('awaiting_certification')
    const half = played(begun(7), checked, certified, skip)
    expect([half.share, half.history.at(-1)!.note]).toEqual([0.5, 'step skipped by ada: the shop moves'])
    expect(played(half, skip).state).toBe('promoted')
  })

  it('aborts at any time, once', () => {
    const abort: RolloutEvent = { kind: 'withdrawn', ...person }
    const ended = played(begun(7), checked, certified, abort)
    expect([ended.state, ended.history.at(-1)!.by]).toEqual(['aborted', 'ada'])
    expect(advance(ended, { kind: 'resumed', ...person }, 9)).toBe(ended)
  })
})

describe('the strategies', () => {
  const states = (strategy: object, ...events: RolloutEvent[]) => {
    let rollout = played(begun(7, strategy), checked, certified)
    const seen = [`${rollout.state} ${rollout.share}`]
    events.forEach((event, i) => {
      rollout = advance(rollout, event, (i + 1) * 10 * MINUTE)
      seen.push(`${rollout.state} ${rollout.share}`)
    })
    return seen
  }

  it('rolls at once, or part by part', () => {
    expect(states({ rolling: true })).toEqual(['promoted 1'])
    expect(states({ rolling: { parts: 4, every: '1m' } }, clock(), clock(), clock())).toEqual([
      'rolling 0.25',
      'rolling 0.5',
      'rolling 0.75',
      'promoted 1',
    ])
  })

  it('switches all of the traffic, and goes back to the version that stayed warm', () => {
    expect(states({ blue_green: true, clock: '15m' }, clock(), clock())).toEqual(['baking 1', 'baking 1', 'promoted 1'])
    expect(states({ blue_green: true }, clock({ worse: true }))).toEqual(['baking 1', 'rolled_back 0'])
  })

  it('stays in the shadow for its time, then is promoted or waits for a person', () => {
    expect(states({ shadow: true, requests: 50 }, clock(), clock({ requests: 150 }))).toEqual([
      'shadow 0',
      'shadow 0',
      'promoted 1',
    ])
    const waiting = advance(
      played(begun(7, { shadow: true, requests: 50, afterwards: 'wait' }), checked, certified),
      clock({ requests: 150 }),
      MINUTE,
    )
    expect([waiting.state, waiting.paused?.by]).toEqual(['shadow', 'orrery'])
    expect(advance(waiting, { kind: 'skipped', ...person }, MINUTE).state).toBe('promoted')
  })

  it('ends an experiment, or a challenge, with what it came to', () => {
    const ab = { ab: { by: { column: 'customer' }, min_effect: 0.02 } }
    expect(states(ab, clock(), period(40), clock({ decided: 'promote' }))).toEqual([
      'ab 0.5',
      'ab 0.5',
      'ab 0.5',
      'promoted 1',
    ])
    expect(states(ab, clock({ decided: 'keep' }))).toEqual(['ab 0.5', 'rolled_back 0'])
    expect(states({ challengers: 3 }, clock(), clock({ decided: 'promote' }))).toEqual([
      'challenger 0',
      'challenger 0',
      'promoted 1',
    ])
  })
})
