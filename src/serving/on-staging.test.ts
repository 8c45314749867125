import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { openBlobFolder } from '#platform/blobs'
import { type Events, eventMigrations, openEvents, type StoredEvent } from '#platform/events'
import { openSqlite, type Storage } from '#platform/storage'
import { systemClock } from '#platform/time'
import { parseProject, type Projects } from '#projects'
import type { Registry } from '#registry'
import type { GateResult, StagingReport } from '#registry/contract'
import { predict } from '#trainer'
import { servingMigrations } from './migrations.ts'
import { checkStagedVersions } from './on-staging.ts'
import { customers, recordsOf, silent, type TestEndpoints, testEndpoints, trainPackage } from './serving.fixture.ts'
import { openServing, type Serving } from './serving.ts'

describe('a version that enters staging', () => {
  let folder: string
  let storage: Storage
  let events: Events
  let endpoints: TestEndpoints
  let serving: Serving
  let kept: StagingReport | undefined
  let gates: GateResult[] = []
  let checks = '[]'

  const begin = async () => {
    folder = await mkdtemp(join(tmpdir(), 'orrery-staging-'))
    storage = await openSqlite({ file: join(folder, 'test.db'), durability: 'process' })
    await storage.migrate([...eventMigrations, ...servingMigrations])
    const blobs = await openBlobFolder(join(folder, 'blobs'))
    events = openEvents({ storage, clock: systemClock, log: silent })
    const packaged = trainPackage(1)
    const { frame } = customers(100, 2)
    const answers = predict(packaged.model, frame)
    const lines = recordsOf(frame).map((record, r) => JSON.stringify({ record, answer: [answers[r]] }))
    const { hash } = await blobs.put(Buffer.from(`${lines.join('\n')}\n`))
    endpoints = testEndpoints({ 1: packaged, 2: trainPackage(2), 3: { ...packaged, bytes: Buffer.from('broken') } })
    serving = openServing({ storage, clock: systemClock, log: silent, endpoints })
    const registry = {
      packaged: async () => ({ model: 'churn', releaseRequests: hash, gates }),
      model: async () => ({ aliases: { champion: 1 } }),
      staged: async (_model: string, _version: number, found: StagingReport) => {
        kept = found
        return []
      },
    } as unknown as Registry
    const projects = {
      project: async () => ({
        spec: parseProject(
          `project: telecom\ndata: { m: { source: m.csv, label: y } }\nenvironments: { staging: { checks: ${checks} }, production: { limits: { latency: 1ms } } }\ndeploy: { retention: {} }`,
        ).spec,
      }),
    } as unknown as Projects
    checkStagedVersions({ events, storage, blobs, projects, registry, serving })
    await events.start()
  }
  afterEach(async () => {
    gates = []
    checks = '[]'
    kept = undefined
    await events.stop()
    await serving.close()
    await storage.close()
    await rm(folder, { recursive: true })
  })

  async function verdictOn(version: number): Promise<StoredEvent> {
    await storage.write((tx) =>
      events.publish(tx, {
        type: 'deployments.rollout_staging',
        project: 'telecom',
        subject: 'retention',
        data: { model: 'churn', version, environments: ['staging'] },
      }),
    )
    await expect.poll(() => events.settled(), { timeout: 20_000 }).toBe(true)
    return (await events.after(0)).find((event) => event.type === 'serving.release_checked')!
  }

  it('passes when it answers its recorded requests as recorded', async () => {
    await begin()
    const { data, subject } = await verdictOn(1)
    expect(subject).toBe('retention')
    expect(data).toMatchObject({ model: 'churn', version: 1, passed: true })
    expect(data.note).toContain('100 of 100 held-out requests were answered.')
  })

  it('asks as many as staging says, measures under its load beside the champion, and holds production to its limits', async () => {
    checks = '[{ requests: 20 }, { load: { rate: 100, for: 1s } }]'
    await begin()
    const { data } = await verdictOn(1)
    expect(data.note).not.toContain('held-out requests failed')
    expect(kept!.load).toMatchObject({ rate: 100, answered: 100, failed: 0 })
    expect(kept!.championLoad).toMatchObject({ answered: 100 })
    expect(kept!.load!.latency.p50).toBeGreaterThan(0)
    expect(kept!.checks.map(({ name }) => name)).toContain('latency limit')
    expect(kept!.checks.find(({ name }) => name === 'answers')!.explanation).toContain('20 of 20')
  })

  it('measures under a load of its own where a gate waits for it', { timeout: 30_000 }, async () => {
    gates = [{ condition: 'latency.p99 < 100.0', passed: false, pending: true, explanation: 'waits' }]
    await begin()
    await verdictOn(1)
    expect(kept!.load).toMatchObject({ rate: 50, answered: 100 })
  })

  it('fails when it is another model', async () => {
    await begin()
    expect((await verdictOn(2)).data).toMatchObject({ passed: false, note: expect.stringContaining('difference') })
  })

  it('fails when its package cannot be loaded', async () => {
    await begin()
    expect((await verdictOn(3)).data).toMatchObject({ passed: false, note: expect.stringContaining('churn@3') })
  })
})
