import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openBlobFolder } from '#platform/blobs'
import { eventMigrations, openEvents } from '#platform/events'
import { openLog } from '#platform/log'
import { onEveryDatabase } from '#platform/testing'
import { openTracking, type Tracking, trackingMigrations } from './index.ts'

onEveryDatabase('tracking, as lists show it', [...eventMigrations, ...trackingMigrations], (storage) => {
  let folder: string
  let tracking: Tracking
  let now = 1_000
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'orrery-lines-'))
    const clock = { now: () => now++ }
    const events = openEvents({ storage: storage(), clock, log: openLog({ level: 'silent' }) })
    tracking = openTracking({ storage: storage(), blobs: await openBlobFolder(folder), events, clock })
  })
  afterAll(() => rm(folder, { recursive: true }))
  const page = { limit: 10, offset: 0 }
  const namesOf = async (filter: object) =>
    (await tracking.experimentLines({ ...page, ...filter })).map((line) => line.name)

  it('the experiment with the newest run comes first, with how many runs it has', async () => {
    const wine = await tracking.createExperiment({ name: '100%_wine', tags: { team: 'red' } })
    const iris = await tracking.createExperiment({ name: 'Iris' })
    await storage().write((tx) => tracking.ensureExperiment(tx, 'churn', 'churn'))
    await tracking.startRun({ experiment: iris.id, startedAt: 5_000 })
    const gone = await tracking.startRun({ experiment: wine.id, startedAt: 6_000 })
    await tracking.startRun({ experiment: wine.id, startedAt: 7_000 })
    await tracking.deleteRun(gone.id)
    expect(await tracking.experimentLines({ ...page, project: 'none' })).toMatchObject([
      { name: '100%_wine', tags: { team: 'red' }, runs: 1, lastRunAt: 7_000, project: null },
      { name: 'Iris', runs: 1, lastRunAt: 5_000 },
    ])
    expect(await namesOf({})).toEqual(['100%_wine', 'Iris', 'churn'])
    expect(await namesOf({ limit: 1, offset: 1 })).toEqual(['Iris'])
    expect(await namesOf({ text: 'IRI' })).toEqual(['Iris'])
    expect(await namesOf({ text: '%_' })).toEqual(['100%_wine'])
  })

  it('what is in the bin is listed there only, its runs counted as they went in', async () => {
    const old = await tracking.createExperiment({ name: 'old' })
    await tracking.startRun({ experiment: old.id })
    await tracking.deleteExperiment(old.id)
    expect(await namesOf({ text: 'old' })).toEqual([])
    expect(await tracking.experimentLines({ ...page, bin: 'only' })).toMatchObject([{ name: 'old', runs: 1 }])
    expect(await tracking.experimentLine(old.id)).toMatchObject({ name: 'old' })
    await expect(tracking.experimentLine('none')).rejects.toMatchObject({ code: 'ORRERY_TRACKING_EXPERIMENT_UNKNOWN' })
  })

  it('a run stands with the best values of its metrics and with how many are nested in it', async () => {
    const { id: experiment } = await tracking.createExperiment({ name: 'nested' })
    const parent = await tracking.startRun({ experiment, name: 'parent' })
    const child = await tracking.startRun({ experiment, parent: parent.id })
    await tracking.startRun({ experiment, parent: parent.id })
    await tracking.deleteRun(child.id)
    const points = [0.9, 0.2, Number.NaN, 0.4].map((value, step) => ({ key: 'loss', value, step, at: step }))
    await tracking.log(parent.id, { metrics: [...points, { key: 'none', value: Number.NaN, step: 0, at: 0 }] })
    expect(await tracking.runLines({ ...page, experiments: [experiment], parent: 'none' })).toMatchObject([
      {
        name: 'parent',
        nested: 1,
        metrics: { loss: 0.4, none: null },
        bounds: { loss: { min: 0.2, max: 0.9 }, none: { min: null, max: null } },
      },
    ])
    expect(await tracking.chartPoints(parent.id, 'loss', 2)).toEqual([
      { step: 2, at: 2, value: null },
      { step: 3, at: 3, value: 0.4 },
    ])
    expect(await tracking.chartPoints('nobody', 'loss')).toEqual([])
  })
})
