import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openBlobFolder } from '#platform/blobs'
import { eventMigrations, openEvents } from '#platform/events'
import { openLog } from '#platform/log'
import { onEveryDatabase } from '#platform/testing'
import { systemClock } from '#platform/time'
import type { ImportedExperiment, ImportedPoints, ImportedRun } from './contract.ts'
import { openTracking, type Tracking, trackingMigrations } from './index.ts'

const SOURCE = 'http://mlflow.test:5000'

onEveryDatabase('imports', [...eventMigrations, ...trackingMigrations], (storage) => {
  let folder: string
  let tracking: Tracking
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'orrery-imports-'))
    const events = openEvents({ storage: storage(), clock: systemClock, log: openLog({ level: 'silent' }) })
    tracking = openTracking({ storage: storage(), blobs: await openBlobFolder(folder), events, clock: systemClock })
  })
  afterAll(() => rm(folder, { recursive: true }))

  const experiment = (id: string, name: string, more: Partial<ImportedExperiment> = {}): ImportedExperiment => ({
    ...{ id, name, tags: {}, createdAt: 1_000, updatedAt: 2_000, deletedAt: null },
    ...more,
  })
  const run = (id: string, of: string, more: Partial<ImportedRun> = {}): ImportedRun => ({
    ...{ id, experiment: of, name: id, state: 'finished', startedAt: 5_000, endedAt: 6_000, deletedAt: null },
    ...{ parent: null, params: { depth: '6' }, tags: { team: 'green' } },
    ...more,
  })
  const points = (of: string, values: (number | null)[]): ImportedPoints => ({
    ...{ run: of, key: 'loss', model: null, dataset: null },
    ...{ steps: values.map((_, i) => i - 1), times: values.map((_, i) => 1_700_000_000_000 + i), values },
  })
  const placed = async (...experiments: ImportedExperiment[]) => tracking.importExperiments(SOURCE, experiments)

  describe('experiments', () => {
    it('keep id, name and times where they are free, and are asked for again without a second one', async () => {
      const [first] = await placed(experiment('101', 'forest', { tags: { team: 'green' } }))
      expect(first).toEqual({ id: '101', here: '101', name: 'forest', how: 'kept' })
      expect(await placed(experiment('101', 'forest'))).toEqual([first])
      expect(await tracking.experiment({ id: '101' })).toMatchObject({ createdAt: 1_000, tags: { team: 'green' } })
    })

    it('join the one of their name here, which keeps its own tags', async () => {
      const here = await tracking.createExperiment({ name: 'boosting', tags: { team: 'blue' } })
      const [place] = await placed(experiment('102', 'boosting', { tags: { team: 'green', more: 'x' } }))
      expect(place).toEqual({ id: '102', here: here.id, name: 'boosting', how: 'joined' })
      expect((await tracking.experiment({ id: here.id })).tags).toEqual({ team: 'blue', more: 'x' })
    })

    it('of which one is in the bin stay two', async () => {
      await tracking.createExperiment({ name: 'gone' })
      const [place] = await placed(experiment('103', 'gone', { deletedAt: 2_000 }))
      expect(place).toEqual({ id: '103', here: '103', name: 'gone (imported)', how: 'renamed' })
    })

    it('whose id is taken get another', async () => {
      const [place] = await tracking.importExperiments('elsewhere', [experiment('101', 'other', { createdAt: 7 })])
      expect(place).toMatchObject({ id: '101', name: 'other', how: 'renumbered' })
      expect(place!.here).not.toBe('101')
    })

    it('that went into the bin at the source go into it here; what was changed here later stays', async () => {
      await placed(experiment('104', 'binned'))
      await placed(experiment('104', 'binned', { deletedAt: 3_000, updatedAt: 3_000 }))
      expect((await tracking.experiment({ id: '104' })).deletedAt).toBe(3_000)
      await tracking.restoreExperiment('104')
      await placed(experiment('104', 'binned', { deletedAt: 3_000, updatedAt: 3_000 }))
      expect((await tracking.experiment({ id: '104' })).deletedAt).toBeNull()
    })
  })

  describe('runs', () => {
    beforeAll(async () => {
      await placed(experiment('201', 'runs'))
    })

    it('come with their ids, states and times, in the bin too', async () => {
      const runs = [
        run('a', '201'),
        run('b', '201', { parent: 'a', state: 'running', endedAt: null }),
        run('c', '201', { state: 'killed', deletedAt: 9_000 }),
      ]
      expect((await tracking.importRuns(SOURCE, runs)).map(({ isNew }) => isNew)).toEqual([true, true, true])
      expect((await tracking.importRuns(SOURCE, runs)).map(({ isNew }) => isNew)).toEqual([false, false, false])
      expect(await tracking.run('a')).toMatchObject({ state: 'finished', startedAt: 5_000, endedAt: 6_000 })
      expect(await tracking.run('b')).toMatchObject({ state: 'running', parent: 'a', endedAt: null })
      expect(await tracking.run('c')).toMatchObject({ state: 'killed', deletedAt: 9_000, tags: { team: 'green' } })
    })

    it('follow the source, but do not go back to running', async () => {
      await tracking.importRuns(SOURCE, [run('b', '201', { parent: 'a', state: 'failed', tags: { why: 'memory' } })])
      expect(await tracking.run('b')).toMatchObject({ state: 'failed', tags: { team: 'green', why: 'memory' } })
      await tracking.importRuns(SOURCE, [run('b', '201', { parent: 'a', state: 'running', endedAt: null })])
      expect(await tracking.run('b')).toMatchObject({ state: 'failed', endedAt: 6_000 })
    })

    it('whose id another run has get another id; one that started with it is the same', async () => {
      const other = 'elsewhere'
      await tracking.importExperiments(other, [experiment('1', 'elsewhere')])
      const [same, taken] = await tracking.importRuns(other, [run('a', '1'), run('c', '1', { startedAt: 77 })])
      expect(same).toEqual({ id: 'a', here: 'a', isNew: false })
      expect(taken!.here).not.toBe('c')
      expect(await tracking.importRuns(other, [run('c', '1', { startedAt: 77 })])).toEqual([{ ...taken, isNew: false }])
    })

    it('of an experiment that never came are refused', async () => {
      await expect(tracking.importRuns(SOURCE, [run('z', '999')])).rejects.toMatchObject({
        code: 'ORRERY_TRACKING_EXPERIMENT_UNKNOWN',
      })
    })

    it('have each point once, with sums to compare, and stay in the bin meanwhile', async () => {
      const some = points('c', [1, null, Number.MAX_VALUE])
      await tracking.importPoints([some])
      await tracking.importPoints([some, points('c', [1, null, Number.MAX_VALUE, -2])])
      const [kept] = (await tracking.kept(SOURCE, { runs: ['c', 'never'], models: [] })).runs
      const ms = 1_700_000_000_000 % 65_521
      const times = ms * 4 + 6
      expect(kept?.sums).toEqual({ points: 4, steps: 2, times, nans: 1, least: -2, most: Number.MAX_VALUE })
      expect((await tracking.run('c')).deletedAt).toBe(9_000)
      expect((await tracking.history('c', 'loss')).map(({ value }) => value)).toEqual([
        1,
        Number.NaN,
        Number.MAX_VALUE,
        -2,
      ])
    })

    it('have files in the bin, too, and are remembered as whole', async () => {
      await tracking.importArtifact('c', 'notes/a.txt', Buffer.from('hi'))
      await tracking.markImported(SOURCE, 'run', [{ id: 'c', mark: 'v1' }])
      const [kept] = (await tracking.kept(SOURCE, { runs: ['c'], models: [] })).runs
      expect(kept).toMatchObject({ mark: 'v1', artifacts: [{ path: 'notes/a.txt', size: 2 }] })
    })

    it('come without an event: nothing is to be set off by what happened long ago', async () => {
      const events = openEvents({ storage: storage(), clock: systemClock, log: openLog({ level: 'silent' }) })
      await tracking.finishImport({ source: SOURCE, by: 'me', agrees: true, counts: { runs: 3 } })
      const told = (await events.after(0)).map(({ type }) => type)
      expect(told).toEqual(['tracking.import_finished'])
    })
  })

  it('logged models come with their ids and follow the source', async () => {
    await placed(experiment('301', 'models'))
    const model = {
      ...{ id: 'm-1', experiment: '301', run: null, name: 'clf', type: '', status: 'pending' as const },
      ...{ params: { c: '1' }, tags: {}, createdAt: 1, updatedAt: 2, deletedAt: null },
    }
    await tracking.importModels(SOURCE, [model])
    await tracking.importModels(SOURCE, [{ ...model, status: 'ready' }])
    expect(await tracking.loggedModel('m-1')).toMatchObject({ status: 'ready', createdAt: 1, experiment: '301' })
    const [kept] = (await tracking.kept(SOURCE, { runs: [], models: ['m-1'] })).models
    expect(kept).toMatchObject({ id: 'm-1', artifacts: [], mark: null })
  })
})
