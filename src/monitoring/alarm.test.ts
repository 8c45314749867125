import { pino } from 'pino'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { Rollout } from '#deployments/contract'
import { parseProject } from '#projects'
import type { RecentStats } from '#serving'
import { watchClock } from './alarm.ts'

const BEGAN = 1_000_000_000
const { spec } = parseProject(`project: park
data: { pets: { source: pets.csv, label: pet } }
environments: { staging: {}, production: { limits: { latency: 50ms, memory: 100MB } } }
deploy: { park: {} }
`)

/** Figures of the process are what an alarm is fed with; here they are given. */
const stats = (versions: Record<number, { p99: number; timed?: number }>): RecentStats => ({
  rows: 1000,
  versions: new Map(
    Object.entries(versions).map(([version, { p99, timed = 500 }]) => [
      Number(version),
      { served: timed, failed: 0, timed, latency: { p50: p99 / 3, p95: p99 / 2, p99 } },
    ]),
  ),
})

let stop: (() => Promise<void>) | undefined
beforeEach(() => vi.useFakeTimers())
afterEach(async () => {
  vi.useRealTimers()
  await stop?.()
})

/** What an alarm does about a canary of v2, after a look. */
async function decided(now: RecentStats, before: RecentStats, processBytes?: number, paused: Rollout['paused'] = null) {
  const moves: { kind: string; note?: string; reason?: string }[] = []
  const rollout = {
    ...{ endpoint: 'park', project: 'park', model: 'park', version: 2, from: 1, state: 'canary', paused, share: 0.5 },
    began: { at: BEGAN, eventTime: null, requests: null },
    steps: [{ kind: 'canary', share: 0.5, hold: { eventMs: 1, clockMs: 0, requests: 0 } }],
    step: 0,
  } as unknown as Rollout
  stop = watchClock({
    clock: { now: () => BEGAN + 60_000 },
    log: pino({ level: 'silent' }),
    projects: { project: async () => ({ spec }) as never },
    deployments: {
      rollouts: async () => [rollout],
      move: async (_, __, event) => {
        moves.push(event as never)
        return undefined
      },
    },
    serving: {
      recent: (_, __, to) => (to === undefined ? now : before),
      scoring: () => [1, 2],
      inMemory: () => ({
        ...{ budgetBytes: 1e9, usedBytes: 0, processEnds: new Map() },
        models:
          processBytes === undefined
            ? []
            : [
                {
                  ...{ name: 'park@2', loaded: true, placement: 'process', bytes: processBytes, fileBytes: 1 },
                  ...{ microseconds: undefined, loads: 1, evictions: 0, problem: undefined, endpoints: ['park'] },
                },
              ],
      }),
    },
    lookByClock: () => {},
  })
  await vi.advanceTimersByTimeAsync(1_100)
  return moves[0]
}

const quick = stats({ 1: { p99: 20 } })

it('takes a version back that exceeds the latency of its environment, where the champion kept to it before', async () => {
  const move = await decided(stats({ 1: { p99: 90 }, 2: { p99: 95 } }), quick)
  expect(move).toMatchObject({ kind: 'clock', worse: true })
  expect(move!.note).toBe('alarm: p99 of v2 is 95.0 ms in 500 requests; its environment allows 50 ms')
})

it('holds the step where the champion alone took too long before: that is the machine’s doing', async () => {
  const slow = stats({ 1: { p99: 80 } })
  const move = await decided(stats({ 2: { p99: 95 } }), slow)
  expect(move).toMatchObject({ kind: 'paused', by: 'orrery' })
  expect(move!.reason).toContain('v1 alone took 80.0 ms before')
  await stop!()
  const again = await decided(stats({ 2: { p99: 95 } }), slow, undefined, { at: 1, by: 'orrery', reason: 'alarm' })
  expect(again).toBeUndefined()
})

it('says nothing of few requests, nor of a version within its limits', async () => {
  expect(await decided(stats({ 2: { p99: 95, timed: 40 } }), quick)).toBeUndefined()
  await stop!()
  expect(await decided(stats({ 2: { p99: 45 } }), quick, 90e6)).toBeUndefined()
})

it('takes a version back whose process takes more memory than its environment allows', async () => {
  const move = await decided(stats({ 2: { p99: 10 } }), quick, 130e6)
  expect(move).toMatchObject({ kind: 'clock', worse: true })
  expect(move!.note).toContain('takes 130.0 MB; its environment allows 100.0 MB')
})
