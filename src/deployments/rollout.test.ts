import { describe, expect, it } from 'vitest'
import type { Rollout } from './contract.ts'
import { advance, type RolloutEvent } from './rollout.ts'

const DAY = 86_400_000

const begun = (from: number | null): Rollout => ({
  id: 'r1',
  endpoint: 'price-up',
  project: 'electricity',
  model: 'price-up',
  version: 8,
  from,
  state: 'staging',
  steps: [0.1, 0.5, 1],
  step: 0,
  share: 0,
  holdMs: DAY,
  history: [],
  createdAt: 0,
  finishedAt: null,
})

const played = (rollout: Rollout, ...events: RolloutEvent[]) =>
  events.reduce((current, event, i) => advance(current, event, i + 1), rollout)

const checked: RolloutEvent = { kind: 'checked', passed: true, note: '200 requests' }
const certified: RolloutEvent = { kind: 'certified', by: 'qa', eventTime: 10 * DAY }
const period = (day: number, worse = false): RolloutEvent => ({
  kind: 'period',
  eventTime: day * DAY,
  worse,
  note: worse ? 'worse' : 'even',
})

describe('a roll-out', () => {
  it('waits for a signature after its checks, whatever periods pass', () => {
    expect(played(begun(7), checked, period(11), period(12)).state).toBe('awaiting_certification')
  })

  it('climbs the canary one hold at a time and is promoted with the last step', () => {
    const canary = played(begun(7), checked, certified)
    expect([canary.state, canary.share]).toEqual(['canary', 0.1])
    const half = played(canary, period(10.5), period(11))
    expect([half.state, half.share]).toEqual(['canary', 0.5])
    const whole = played(half, period(12))
    expect([whole.state, whole.share, whole.finishedAt]).toEqual(['promoted', 1, 1])
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
})
