import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openBlobFolder } from '#platform/blobs'
import { eventMigrations, openEvents } from '#platform/events'
import { openLog } from '#platform/log'
import { onEveryDatabase } from '#platform/testing'
import { systemClock } from '#platform/time'
import { type Condition, type Order, openTracking, type Tracking, trackingMigrations } from './index.ts'

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
    const byLoss = { on: 'metric', key: 'loss', direction: 'asc' } as const
    const filter = { parent: parent.id, orderBy: [byLoss], limit: 2, offset: 0 }
    expect((await tracking.runs(filter)).map((run) => run.name)).toEqual(['child-1', 'child-2'])
    expect((await tracking.runs({ ...filter, offset: 2 })).map((run) => run.name)).toEqual(['child-0'])
    const top = await tracking.runs({ parent: 'none', limit: 50, offset: 0 })
    expect(top.map((run) => run.name)).not.toContain('child-0')
  })

  it('keeps each point once, however often it is sent, and values that are no number', async () => {
    const run = await start('diverged')
    const points = [metric(3, 0), metric(Number.NaN, 1), metric(Number.POSITIVE_INFINITY, 2)]
    await tracking.log(run.id, { metrics: points })
    await tracking.log(run.id, { metrics: points.toReversed() })
    const history = await tracking.history(run.id, 'loss')
    expect(history.map((point) => point.value)).toEqual([3, Number.NaN, Number.MAX_VALUE])
    expect((await tracking.history(run.id, 'loss', { limit: 1, offset: 1 })).map((point) => point.step)).toEqual([1])
    await tracking.log(run.id, { metrics: [metric(Number.NaN, 3)] })
    expect((await tracking.run(run.id)).metrics).toEqual({ loss: null })
    expect((await tracking.runWithPoints(run.id)).points.map(({ value, step }) => [value, step])).toEqual([
      [Number.NaN, 3],
    ])
  })

  it('keeps every value of many clients that log to the same runs at once', async () => {
    const runs = await Promise.all(Array.from({ length: 5 }, (_, i) => start(`shared-${i}`)))
    const clients = Array.from({ length: 40 }, (_, client) =>
      Promise.all(
        runs
          .toSorted(() => (client % 2 ? 1 : -1))
          .map((run) =>
            tracking.log(run.id, {
              params: [
                ['same', 'one'],
                [`of-${client}`, `${client}`],
              ],
              metrics: [{ key: 'loss', value: client, step: client, at: 1 }],
            }),
          ),
      ),
    )
    await Promise.all(clients)
    for (const run of runs) {
      const { params, metrics } = await tracking.run(run.id)
      expect(Object.keys(params)).toHaveLength(41)
      expect(metrics).toEqual({ loss: 39 })
      expect(await tracking.history(run.id, 'loss')).toHaveLength(40)
    }
    const [run] = runs
    const contested = await Promise.allSettled(
      Array.from({ length: 10 }, (_, i) =>
        tracking.log(run!.id, { params: [['contested', `${i}`]], tags: [[`t${i}`, '']] }),
      ),
    )
    expect(contested.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect(Object.keys((await tracking.run(run!.id)).tags)).toHaveLength(1)
  })

  it('takes thousands of values at once', async () => {
    const run = await start('large')
    const params = Array.from({ length: 12_000 }, (_, i) => [`p${i}`, `${i}`] as const)
    const metrics = Array.from({ length: 9_000 }, (_, i) => ({ key: `m${i % 10}`, value: i, step: i, at: i }))
    await tracking.log(run.id, { params, metrics })
    const kept = await tracking.run(run.id)
    expect(Object.keys(kept.params)).toHaveLength(12_000)
    expect(kept.metrics.m3).toBe(8_993)
    expect(await tracking.history(run.id, 'm3')).toHaveLength(900)
  })

  describe('finding runs', () => {
    let searched: string
    beforeAll(async () => {
      searched = (await tracking.createExperiment({ name: 'searched' })).id
      const facts = [
        { name: 'Alpha', loss: 0.3, depth: '6', tag: 'yes' },
        { name: 'beta', loss: Number.NaN, depth: '10', tag: 'no' },
        { name: 'alphabet', loss: 0.1, depth: '6' },
        { name: 'empty' },
      ]
      for (const [i, { name, loss, depth, tag }] of facts.entries()) {
        const { id } = await tracking.startRun({ experiment: searched, name, startedAt: 100 + i })
        await tracking.log(id, {
          metrics: loss === undefined ? [] : [metric(loss, 0)],
          params: depth === undefined ? [] : [['depth', depth]],
          tags: tag === undefined ? [] : [['tag', tag]],
        })
      }
    })
    const found = async (where: Condition[], orderBy: Order[] = []) => {
      const runs = await tracking.runs({ experiments: [searched], where, orderBy, limit: 50, offset: 0 })
      return runs.map((run) => run.name)
    }

    it.each<[string, Condition[], string[]]>([
      [
        'a metric below a value, NaN being below nothing',
        [{ on: 'metric', key: 'loss', is: '<', value: 1 }],
        ['alphabet', 'Alpha'],
      ],
      ['a param', [{ on: 'param', key: 'depth', is: '=', value: '6' }], ['alphabet', 'Alpha']],
      ['another param, of those that have it', [{ on: 'param', key: 'depth', is: '!=', value: '6' }], ['beta']],
      ['a tag that is absent', [{ on: 'tag', key: 'tag', is: 'absent' }], ['empty', 'alphabet']],
      ['a tag that is present', [{ on: 'tag', key: 'tag', is: 'present' }], ['beta', 'Alpha']],
      ['names by a pattern', [{ on: 'attribute', key: 'name', is: 'like', value: 'alpha%' }], ['alphabet']],
      [
        'names by a pattern in any case',
        [{ on: 'attribute', key: 'name', is: 'ilike', value: 'ALPHA%' }],
        ['alphabet', 'Alpha'],
      ],
      ['names of a list', [{ on: 'attribute', key: 'name', is: 'in', value: ['beta', 'empty'] }], ['empty', 'beta']],
      [
        'names of no list',
        [{ on: 'attribute', key: 'name', is: 'not in', value: [] }],
        ['empty', 'alphabet', 'beta', 'Alpha'],
      ],
      ['a time', [{ on: 'attribute', key: 'startedAt', is: '>=', value: 102 }], ['empty', 'alphabet']],
      ['a quote in a value', [{ on: 'tag', key: "it's", is: '=', value: "' or 1=1 --" }], []],
      [
        'all of several',
        [
          { on: 'param', key: 'depth', is: 'like', value: '_' },
          { on: 'metric', key: 'loss', is: '>', value: 0.2 },
        ],
        ['Alpha'],
      ],
    ])('finds by %s', async (_, where, names) => {
      expect(await found(where)).toEqual(names)
    })

    it.each<[string, Order, string[]]>([
      [
        'a metric, NaN and missing last',
        { on: 'metric', key: 'loss', direction: 'asc' },
        ['alphabet', 'Alpha', 'beta', 'empty'],
      ],
      [
        'a metric downwards, NaN and missing still last',
        { on: 'metric', key: 'loss', direction: 'desc' },
        ['Alpha', 'alphabet', 'beta', 'empty'],
      ],
      ['a param', { on: 'param', key: 'depth', direction: 'asc' }, ['beta', 'alphabet', 'Alpha', 'empty']],
      ['an attribute', { on: 'attribute', key: 'startedAt', direction: 'asc' }, ['Alpha', 'beta', 'alphabet', 'empty']],
    ])('orders by %s', async (_, order, names) => {
      expect(await found([], [order])).toEqual(names)
    })
  })

  it('nests a run below its parent, in the project of the parent, and ends it with it', async () => {
    const parent = await start('above')
    const other = await tracking.createExperiment({ name: 'elsewhere' })
    const child = await tracking.startRun({ experiment: other.id, parent: parent.id })
    const grandchild = await tracking.startRun({ experiment: other.id, parent: child.id, tags: [['a', 'b']] })
    expect(grandchild).toMatchObject({ parent: child.id, project: 'churn', tags: { a: 'b' }, state: 'running' })
    expect(child.name).toMatch(/^[a-z]+-[a-z]+$/)
    await tracking.updateRun(child.id, { state: 'finished', endedAt: 5 })
    await storage().write((tx) => tracking.abandonRun(tx, parent.id))
    expect(await tracking.run(parent.id)).toMatchObject({ state: 'failed' })
    expect(await tracking.run(child.id)).toMatchObject({ state: 'finished', endedAt: 5 })
    expect(await tracking.run(grandchild.id)).toMatchObject({ state: 'failed' })
    const orphan = await tracking.startRun({ experiment: other.id, parent: 'of-another-server' })
    expect(orphan).toMatchObject({ parent: null, project: null })
  })

  it('keeps a run in the bin readable, unwritable and out of lists until it is restored', async () => {
    const experiment = await tracking.createExperiment({ name: 'binned', tags: { a: '1' } })
    const first = await tracking.startRun({ experiment: experiment.id, name: 'first' })
    const second = await tracking.startRun({ experiment: experiment.id, name: 'second' })
    const names = async (bin?: 'with' | 'only') =>
      (await tracking.runs({ experiment: 'binned', bin, limit: 9, offset: 0 })).map((run) => run.name).sort()
    await tracking.deleteRun(first.id)
    expect([await names(), await names('only'), await names('with')]).toEqual([
      ['second'],
      ['first'],
      ['first', 'second'],
    ])
    const refused = { code: 'ORRERY_TRACKING_IN_BIN', status: 400 }
    await expect(tracking.log(first.id, { tags: [['a', 'b']] })).rejects.toMatchObject(refused)
    await expect(tracking.addArtifact(first.id, 'a', Buffer.from('a'))).rejects.toMatchObject(refused)
    await tracking.deleteExperiment(experiment.id)
    expect((await tracking.experiments()).map((one) => one.name)).not.toContain('binned')
    await expect(tracking.startRun({ experiment: experiment.id })).rejects.toMatchObject(refused)
    await expect(tracking.createExperiment({ name: 'binned' })).rejects.toMatchObject({
      code: 'ORRERY_TRACKING_EXPERIMENT_EXISTS',
    })
    await tracking.restoreExperiment(experiment.id)
    expect(await names()).toEqual(['second'])
    await tracking.restoreRun(first.id)
    expect(await names()).toEqual(['first', 'second'])
    expect(await tracking.run(second.id)).toMatchObject({ deletedAt: null })
    await tracking.tagExperiment(experiment.id, [['b', '2']])
    await tracking.untagExperiment(experiment.id, 'a')
    await tracking.renameExperiment(experiment.id, 'renamed')
    expect(await tracking.experiment({ name: 'renamed' })).toMatchObject({ id: experiment.id, tags: { b: '2' } })
  })

  it('takes the experiment of a project out of the bin when a pipeline needs it', async () => {
    const made = await storage().write((tx) => tracking.ensureExperiment(tx, 'needed', 'needed'))
    await tracking.deleteExperiment(made.id)
    const again = await storage().write((tx) => tracking.ensureExperiment(tx, 'needed', 'needed'))
    expect(again).toMatchObject({ id: made.id, deletedAt: null })
    await expect(tracking.startRun({ experiment: made.id })).resolves.toMatchObject({ project: 'needed' })
  })

  it('keeps logged models with their files and what was measured of them', async () => {
    const run = await start('trains')
    const model = await tracking.createLoggedModel({ experiment, run: run.id, name: 'trees', params: { depth: '6' } })
    await tracking.addArtifact(model.id, 'MLmodel', Buffer.from('flavors:'))
    await tracking.updateLoggedModel(model.id, { status: 'ready', tags: { a: '1', b: '2' } })
    await tracking.untagLoggedModel(model.id, 'a')
    const dataset = { name: 'held-out', digest: 'abc' }
    await tracking.log(run.id, { metrics: [{ ...metric(0.9, 0), key: 'auc', model: model.id, dataset }] })
    expect(await tracking.loggedModel(model.id)).toMatchObject({
      status: 'ready',
      params: { depth: '6' },
      tags: { b: '2' },
    })
    expect(await tracking.loggedModelMetrics([model.id])).toMatchObject([
      { run: run.id, model: model.id, value: 0.9, dataset },
    ])
    const listed = (filter: object) => tracking.loggedModels({ ...filter, limit: 9, offset: 0 })
    expect((await listed({ experiments: [experiment], name: 'trees' })).map(({ id }) => id)).toEqual([model.id])
    await tracking.deleteLoggedModel(model.id)
    expect(await listed({ experiments: [experiment] })).toEqual([])
  })

  it('keeps artifacts by hash', async () => {
    const run = await start('with-artifact')
    const artifact = await tracking.addArtifact(run.id, 'notes/a.txt', Buffer.from('hello'))
    expect(await tracking.artifacts(run.id)).toEqual([artifact])
    const { file } = await tracking.openArtifact(run.id, 'notes/a.txt')
    expect(await readFile(file, 'utf8')).toBe('hello')
    await tracking.addArtifact(run.id, 'notes/a.txt', Buffer.from('replaced'))
    expect((await tracking.openArtifact(run.id, 'notes/a.txt')).size).toBe(8)
  })

  it('lists and removes folders, and lets no name be a file and a folder', async () => {
    const run = await start('folders')
    const add = (path: string) => tracking.addArtifact(run.id, path, Buffer.from(path))
    const paths = async (folder?: string) => (await tracking.artifacts(run.id, folder)).map(({ path }) => path)
    for (const path of ['ü/a', 'ü/b/c', 'ü0', 'top']) await add(path)
    expect(await paths('ü')).toEqual(['ü/a', 'ü/b/c'])
    expect(await paths('top')).toEqual([])
    await expect(add('top/below')).rejects.toMatchObject({ message: expect.stringContaining('"top" is a file') })
    await expect(add('ü/b')).rejects.toMatchObject({ message: expect.stringContaining('it is a folder, with "ü/b/c"') })
    await tracking.removeArtifacts(run.id, 'ü')
    expect(await paths()).toEqual(['top', 'ü0'])
    await expect(tracking.openArtifact(run.id, 'ü/a')).rejects.toMatchObject({ status: 404 })
    await expect(tracking.addArtifact('nobody', 'a', Buffer.from(''))).rejects.toMatchObject({ status: 404 })
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
