import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openBlobFolder } from '#platform/blobs'
import { type Events, eventMigrations, openEvents, type StoredEvent } from '#platform/events'
import { openSqlite, type Storage } from '#platform/storage'
import { systemClock } from '#platform/time'
import type { Registry } from '#registry'
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

  beforeEach(async () => {
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
    const registry = { packaged: async () => ({ releaseRequests: hash }) } as unknown as Registry
    checkStagedVersions({ events, storage, blobs, registry, serving })
    await events.start()
  })
  afterEach(async () => {
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
        data: { model: 'churn', version },
      }),
    )
    await expect.poll(() => events.settled(), { timeout: 5_000 }).toBe(true)
    return (await events.after(0)).find((event) => event.type === 'serving.release_checked')!
  }

  it('passes when it answers its recorded requests as recorded', async () => {
    const { data, subject } = await verdictOn(1)
    expect(subject).toBe('retention')
    expect(data).toMatchObject({ model: 'churn', version: 1, passed: true })
    expect(data.note).toContain('100 of 100 held-out requests were answered.')
  })

  it('fails when it is another model', async () => {
    expect((await verdictOn(2)).data).toMatchObject({ passed: false, note: expect.stringContaining('difference') })
  })

  it('fails when its package cannot be loaded', async () => {
    expect((await verdictOn(3)).data).toMatchObject({ passed: false, note: expect.stringContaining('churn@3') })
  })
})
