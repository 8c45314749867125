import { afterEach, expect, it } from 'vitest'
import { dataMigrations, openData } from '#data'
import { openPipelines, pipelineMigrations } from '#pipelines'
import { jobMigrations, openJobs } from '#platform/jobs'
import { onEveryDatabase } from '#platform/testing'
import { openTracking, trackingMigrations } from '#tracking'
import { openTriggers, triggerMigrations } from '#triggers'
import { loopMigrations, openLoop } from '../../src/monitoring/loop.fixture.ts'

const migrations = [
  ...loopMigrations,
  ...jobMigrations,
  ...dataMigrations,
  ...trackingMigrations,
  ...pipelineMigrations,
  ...triggerMigrations,
]

onEveryDatabase('the arrow that closes the loop', migrations, (storage) => {
  const open: (() => Promise<unknown>)[] = []
  afterEach(async () => {
    for (const close of open.splice(0).reverse()) await close()
  })

  it('leads from a world that turned over one alert to one run, and from its version back to the alert', async () => {
    const loop = await openLoop(storage(), 'turning', {
      more: "when:\n  - { if: 'alert.drift || alert.quality || alert.decay', not_within: 7d }",
    })
    open.push(loop.close)
    const { events, projects, blobs, clock, log } = loop
    const needs = { storage: storage(), events, clock, log }
    const jobs = openJobs(needs)
    const pipelines = openPipelines({
      ...{ ...needs, blobs, jobs, projects },
      data: openData({ ...needs, blobs }),
      tracking: openTracking({ ...needs, blobs }),
      bring: async () => undefined,
      versions: { tables: async () => ({}) },
      openViews: async () => ({ views: [], uses: [] }),
      labelledRows: async function* () {},
      championOf: async () => null,
      work: loop.folder,
      serverUrl: () => '',
      lendIdentity: () => ({ secret: '', end: () => {} }),
    })
    const triggers = openTriggers({
      ...{ ...needs, projects, startPipeline: pipelines.start },
      monitoring: { attachRun: (...args) => loop.monitoring().attachRun(...args) },
    })
    open.push(triggers.stop)

    await loop.release((await loop.register(1, 0)).version)
    for (let day = 0; day < 5; day++) await loop.day(day)
    expect(await triggers.retrainings('turning')).toBe(0)
    for (let day = 5; day < 10; day++) await loop.day(day, { meaning: -1 })

    // Two monitors hear it on different days, and the world stays turned: one alert, one run.
    const [alert, ...others] = await loop.monitoring().alerts({ project: 'turning', limit: 10 })
    expect(others).toEqual([])
    const [run, ...more] = await pipelines.runs('turning', 10)
    expect(more).toEqual([])
    expect(await triggers.retrainings('turning')).toBe(1)
    expect(run!.cause).toMatchObject({ kind: 'alert', by: alert!.id })
    expect(alert).toMatchObject({ pipelineRun: run!.id, action: `started ${run!.name}`, closedAt: null })

    const version = await loop.register(2, 9, { meaning: -1 }, run!.id)
    await loop.release(version.version)
    for (let day = 10; day < 13; day++) await loop.day(day, { meaning: -1 })
    expect(await loop.monitoring().alert(alert!.id)).toMatchObject({
      closedBecause: 'v2 was promoted',
      action: 'v2 was promoted',
      pipelineRun: run!.id,
    })
  })
})
