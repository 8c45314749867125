import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openBlobFolder } from '#platform/blobs'
import { eventMigrations, openEvents } from '#platform/events'
import { openLog } from '#platform/log'
import { onEveryDatabase } from '#platform/testing'
import { systemClock } from '#platform/time'
import { openTracking, type Tracking, trackingMigrations } from './index.ts'

onEveryDatabase('tracking', [...eventMigrations, ...trackingMigrations], (storage) => {
  let folder: string
  let tracking: Tracking
  let experiment: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'orrery-tracking-'))
    const events = openEvents({ storage: storage(), clock: systemClock, log: openLog({ level: 'silent' }) })
    tracking = openTracking({ storage: storage(), blobs: await openBlobFolder(folder), events, clock: systemClock })
    experiment = (await storage().write((tx) => tracking.ensureExperiment(tx, 'churn', 'churn'))).id
  })
  afterAll(() => rm(folder, { recursive: true }))
  const start = (name: string, parent?: string) => tracking.startRun({ experiment, name, ...(parent && { parent }) })
  const metric = (value: number, step: number) => ({ key: 'loss', value, step, at: 1_000 + step })

  it('gives back what was logged, the latest metric by step and the whole history', async () => {
    const run = await start('a')
    await tracking.log(run.id, {
      params: [['depth', '6']],
      tags: [['who', 'me']],
      metrics: [metric(3, 0), metric(1, 2)],
    })
    await tracking.log(run.id, { metrics: [metric(2, 1)] })
    expect(await tracking.run(run.id)).toMatchObject({
      params: { depth: '6' },
      tags: { who: 'me' },
      metrics: { loss: 1 },
    })
    expect((await tracking.history(run.id, 'loss')).map((point) => point.value)).toEqual([3, 2, 1])
  })

  it('writes a param once: the same again is nothing new, another value is refused with everything beside it', async () => {
    const run = await start('b')
    await tracking.log(run.id, { params: [['depth', '6']] })
    await tracking.log(run.id, { params: [['depth', '6']] })
    const conflict = tracking.log(run.id, { params: [['depth', '7']], tags: [['half', 'done']] })
    await expect(conflict).rejects.toMatchObject({ code: 'ORRERY_TRACKING_PARAM_CONFLICT', status: 400 })
    expect((await tracking.run(run.id)).tags).toEqual({})
  })

  it('lists by metric, nested runs under their parent, page by page', async () => {
    const parent = await start('parent')
    for (const [i, value] of [0.3, 0.1, 0.2].entries()) {
      const child = await start(`child-${i}`, parent.id)
      await tracking.log(child.id, { metrics: [metric(value, 0)] })
    }
    const filter = { parent: parent.id, orderBy: 'metric:loss', direction: 'asc' as const, limit: 2, offset: 0 }
    expect((await tracking.runs(filter)).map((run) => run.name)).toEqual(['child-1', 'child-2'])
    expect((await tracking.runs({ ...filter, offset: 2 })).map((run) => run.name)).toEqual(['child-0'])
    const top = await tracking.runs({ parent: 'none', direction: 'desc', limit: 50, offset: 0 })
    expect(top.map((run) => run.name)).not.toContain('child-0')
  })

  it('keeps artifacts by hash', async () => {
    const run = await start('with-artifact')
    const artifact = await tracking.addArtifact(run.id, 'notes/a.txt', Buffer.from('hello'))
    expect(await tracking.artifacts(run.id)).toEqual([artifact])
  })

  it('records a finished run once, however often it is told', async () => {
    const run = {
      ...{ id: 'trial-1', name: 'trial', experiment: 'churn', project: 'churn', parent: null },
      ...{ params: { a: '1' }, metrics: { auc: 0.8, undefined_one: Number.NaN }, tags: {}, artifacts: [] },
      ...{ startedAt: 1, endedAt: 2 },
    }
    await storage().write((tx) => tracking.recordRun(tx, run))
    await storage().write((tx) => tracking.recordRun(tx, run))
    expect(await tracking.run('trial-1')).toMatchObject({ state: 'finished', metrics: { auc: 0.8 } })
  })

  it('says what it does not know', async () => {
    await expect(tracking.run('nobody')).rejects.toMatchObject({ code: 'ORRERY_TRACKING_RUN_UNKNOWN', status: 404 })
    await expect(tracking.startRun({ experiment: 'none', name: 'x' })).rejects.toMatchObject({ status: 404 })
  })
})
