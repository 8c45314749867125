import { sql } from 'kysely'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildReport } from '#evaluation'
import { openBlobFolder } from '#platform/blobs'
import { eventMigrations, openEvents } from '#platform/events'
import { openLog } from '#platform/log'
import { tables } from '#platform/storage'
import { onEveryDatabase } from '#platform/testing'
import { systemClock } from '#platform/time'
import { openTracking, type Tracking, trackingMigrations } from '#tracking'
import { type Candidate, type Deployment, openRegistry, type Registry, registryMigrations } from './index.ts'
import { timeRangeOf } from './point-in-time.ts'

const qa = { name: 'quinn', roles: ['qa'] }
const engineer = { name: 'erin', roles: ['engineer'] }
const passed = { condition: 'true', passed: true, explanation: 'true' }
const failed = { condition: 'false', passed: false, explanation: 'false' }

onEveryDatabase('registry', [...eventMigrations, ...trackingMigrations, ...registryMigrations], (storage) => {
  let folder: string
  let registry: Registry
  let tracking: Tracking
  /** What an endpoint answers with, by model: the part of a later room. */
  const served = new Map<string, Deployment[]>()
  let onnx: { hash: string; size: number }
  let runs = 0
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'orrery-registry-'))
    const blobs = await openBlobFolder(folder)
    const events = openEvents({ storage: storage(), clock: systemClock, log: openLog({ level: 'silent' }) })
    const needs = { storage: storage(), blobs, events, clock: systemClock }
    tracking = openTracking({ ...needs, keeperOf: (tx, of, ids) => registry.keeperOf(tx, of, ids) })
    registry = openRegistry({ ...needs, tracking, deploymentsOf: async (_, model) => served.get(model) ?? [] })
    onnx = await blobs.put(Buffer.from('a package'))
  })
  afterAll(() => rm(folder, { recursive: true }))

  async function candidate(model: string): Promise<Candidate> {
    const truth = Float64Array.of(0, 1, 0, 1)
    const run = `run-${runs++}`
    return {
      ...{ model, project: 'p', endpoint: model, pipelineRun: run, run, dataVersion: 'd1', importance: [] },
      code: { commit: 'abc', dirty: false, contentHash: 'sha256:0' },
      environment: { node: '24' },
      cause: { kind: 'person', by: 'me', reason: 'asked' },
      signature: { task: 'binary', features: [{ name: 'x', kind: 'numeric' }], classes: ['0', '1'], label: 'y' },
      package: { format: 'onnx', ...onnx, parity: { maxAbsDifference: 0, maxScaledDifference: 0, rows: 4 } },
      ...{ metrics: {}, comparison: null, promisedLoss: 0.5, trainedUntil: null, releaseRequests: onnx.hash },
      report: await buildReport({ task: 'binary', truth, scores: Float64Array.of(0.1, 0.9, 0.2, 0.8) }),
      baseline: { features: { rows: 4, features: [] } },
    }
  }
  const register = async (model: string, gates = [passed]) => registry.register(await candidate(model), gates)
  const sign = (model: string, version: number, by: { name: string; roles: string[] }, role = 'qa') =>
    registry.certify(model, version, { by, roles: role === 'auto' ? [] : [role], note: 'looked', automatic: false })

  it('numbers versions, one for each pipeline run however often it is told', async () => {
    const first = await candidate('numbers')
    expect((await registry.register(first, [passed])).version).toBe(1)
    expect((await registry.register(first, [passed])).version).toBe(1)
    expect((await register('numbers')).version).toBe(2)
    expect((await registry.versions('numbers', { limit: 10, offset: 0 })).map((one) => one.version)).toEqual([2, 1])
  })

  it('rejects what a gate says no to, and nobody can sign it afterwards', async () => {
    const { version, state } = await register('gated', [passed, failed])
    expect(state).toBe('rejected')
    await expect(sign('gated', version, qa)).rejects.toMatchObject({
      code: 'ORRERY_REGISTRY_NOT_CERTIFIABLE',
      status: 409,
    })
  })

  it('takes a signature only from the role that the environment asks for', async () => {
    const { version } = await register('signed')
    await expect(sign('signed', version, engineer)).rejects.toMatchObject({
      code: 'ORRERY_REGISTRY_CERTIFIER_ROLE',
      status: 403,
    })
    const signed = await sign('signed', version, qa)
    expect(signed).toMatchObject({
      state: 'certified',
      certification: { by: 'quinn', note: 'looked', automatic: false },
    })
  })

  it('asks for as many people as the environment says, each for the report as it is, and certifies with the last', async () => {
    const { version } = await register('twice', [passed])
    const certify = (by: { name: string; roles: string[] }, over: object = {}) =>
      registry.certify('twice', version, { by, roles: ['qa', 'qa'], note: '', automatic: false, ...over })
    const report = () => registry.certificate('twice', version, ['qa', 'qa'])
    const first = await report()
    expect(first).toMatchObject({
      hash: expect.stringMatching(/^[0-9a-f]{64}$/),
      missing: ['qa', 'qa'],
      signatures: [],
    })
    expect(first.certificate.risks).toContain('It has not been checked in staging yet.')
    expect((await certify(qa, { report: first.hash })).state).toBe('candidate')
    await expect(certify(qa)).rejects.toMatchObject({ code: 'ORRERY_REGISTRY_SIGNED_ALREADY', status: 409 })
    await expect(certify(engineer)).rejects.toMatchObject({ code: 'ORRERY_REGISTRY_CERTIFIER_ROLE', status: 403 })
    // What staging finds makes it another report: the signature of the one before does not count any more.
    await registry.staged('twice', version, { passed: true, checks: [], load: null, championLoad: null })
    const second = await report()
    expect(second.hash).not.toBe(first.hash)
    expect(second).toMatchObject({ missing: ['qa', 'qa'], signatures: [{ by: 'quinn', covers: false }] })
    await expect(certify(qa, { report: first.hash })).rejects.toMatchObject({ code: 'ORRERY_REGISTRY_REPORT_CHANGED' })
    await certify(qa, { report: second.hash })
    const signed = await certify({ name: 'ada', roles: ['admin'] }, { report: second.hash })
    expect(signed).toMatchObject({ state: 'certified', certification: { by: 'quinn, ada' } })
    const last = await report()
    expect(last.hash).toBe(second.hash)
    expect(last.signatures.map(({ by, covers }) => [by, covers])).toEqual([
      ['quinn', false],
      ['quinn', true],
      ['ada', true],
    ])
  })

  it('does not let another registry say what an endpoint answers with', async () => {
    const at = Date.parse('2025-01-01')
    const version = (number: number, stage: 'none' | 'production') => ({
      ...{ version: number, description: '', tags: {}, stage, by: 'them', createdAt: at, updatedAt: at + 1 },
      ...{ source: 's3://x', location: 's3://x', run: null, runLink: null, loggedModel: null },
    })
    const imported = (over: object) => ({
      ...{ name: 'brought', description: '', tags: {}, createdAt: at, updatedAt: at + 1 },
      ...{ aliases: { champion: 1 }, versions: [version(1, 'production'), version(2, 'none')] },
      ...over,
    })
    expect((await registry.importModel(imported({}))).aliases).toEqual({ champion: 1 })
    served.set('brought', [{ endpoint: 'brought', versions: [1] }])
    const again = await registry.importModel(
      imported({
        updatedAt: at + 9,
        aliases: { champion: 2, shadow: 2 },
        versions: [version(1, 'none'), { ...version(2, 'production'), updatedAt: at + 9 }],
      }),
    )
    expect(again.aliases).toEqual({ champion: 1, shadow: 2 })
    expect(again.versions.map(({ stage }) => stage)).toEqual(['production', 'none'])
  })

  it('judges gates about latency and memory once staging has measured them', async () => {
    const conditions = ['latency.p99 < 20.0', 'memory.resident < 1e6 && parity.rows >= 1']
    const gates = conditions.map((condition) => ({ condition, passed: false, pending: true, explanation: 'waits' }))
    const measured = (p99: number) => ({
      ...{ rate: 50, answered: 100, failed: 0, seconds: 2, achieved: 50, memory: 5e5 },
      latency: { p50: 1, p95: 2, p99 },
    })
    const { version, state } = await register('measured', gates)
    expect(state).toBe('candidate')
    const found = { passed: true, checks: [], championLoad: null }
    const failedGates = await registry.staged('measured', version, { ...found, load: measured(30) })
    expect(failedGates).toEqual([
      { condition: conditions[0], passed: false, explanation: expect.stringContaining('latency.p99 = 30ms') },
    ])
    expect((await registry.version('measured', version)).gates[1]).toMatchObject({ passed: true })
  })

  it('lets nothing uncertified become champion, and remembers who was before', async () => {
    const first = await register('champions')
    const promote = (version: number) =>
      storage().write((tx) => registry.promote(tx, 'champions', version, 'rolled out'))
    await expect(promote(first.version)).rejects.toMatchObject({ code: 'ORRERY_REGISTRY_NOT_CERTIFIED', status: 409 })
    await sign('champions', 1, qa)
    await promote(1)
    await register('champions')
    await sign('champions', 2, qa)
    await promote(2)
    expect((await registry.model('champions')).aliases).toEqual({ champion: 2, previous: 1 })
    await storage().write((tx) => registry.withdraw(tx, 'champions', 2, 1, 'it was worse'))
    expect((await registry.model('champions')).aliases.champion).toBe(1)
    expect((await registry.version('champions', 2)).state).toBe('rolled_back')
  })

  it('gives the package back by its hash, the report and the baseline', async () => {
    const { version } = await register('whole')
    expect((await registry.packageBytes('whole', version)).toString()).toBe('a package')
    expect((await registry.report('whole', version))?.n).toBe(4)
    expect(await registry.baseline('whole', version)).toEqual({ features: { rows: 4, features: [] } })
  })

  it('says what it does not know', async () => {
    await expect(registry.model('nobody')).rejects.toMatchObject({ status: 404 })
    await expect(registry.version('champions', 99)).rejects.toMatchObject({ code: 'ORRERY_REGISTRY_VERSION_UNKNOWN' })
  })

  describe('versions of training code', () => {
    const by = 'ann'

    /** A run with a logged model, as a training script leaves them. */
    async function logged(experiment: string) {
      const { id } = await tracking.createExperiment({ name: experiment })
      const made = await tracking.startRun({ experiment: id })
      const model = await tracking.createLoggedModel({ experiment: id, run: made.id, name: 'model' })
      return { experiment: id, run: made.id, model: model.id }
    }
    const fromModel = (model: string, id: string) =>
      registry.registerLogged({ model, source: `models:/${id}`, loggedModel: id, by })

    it('are numbered in one sequence with those of pipelines, whichever comes first', async () => {
      const { model, run, experiment } = await logged('sequence')
      await registry.createModel({ name: 'both', description: 'mixed', tags: { team: 'green' }, by })
      expect(await registry.model('both')).toMatchObject({ project: null, versions: 0, tags: { team: 'green' } })
      const first = await fromModel('both', model)
      expect(first).toMatchObject({
        ...{ version: 1, state: 'registered', stage: 'none', run, loggedModel: model, by, project: null },
        location: `mlflow-artifacts:/${experiment}/models/${model}/artifacts`,
        ...{ package: null, signature: null, pipelineRun: null, dataVersion: null, certification: null },
      })
      expect((await register('both')).version).toBe(2)
      expect((await registry.model('both')).project).toBe('p')
      const third = await fromModel('both', model)
      expect(third).toMatchObject({ version: 3, project: 'p' })
      const { versions } = { versions: await registry.versions('both', { limit: 10, offset: 0 }) }
      expect(versions.map(({ version, state }) => [version, state])).toEqual([
        [3, 'registered'],
        [2, 'candidate'],
        [1, 'registered'],
      ])
    })

    it('cannot be signed for, deployed or promoted before they are packaged', async () => {
      const { model } = await logged('unpackaged')
      await registry.createModel({ name: 'raw', by })
      await fromModel('raw', model)
      const refused = { code: 'ORRERY_REGISTRY_NOT_PACKAGED', status: 409 }
      await expect(registry.packaged('raw', 1)).rejects.toMatchObject(refused)
      await expect(registry.packageBytes('raw', 1)).rejects.toMatchObject(refused)
      await expect(sign('raw', 1, qa)).rejects.toMatchObject(refused)
      await expect(registry.reject('raw', 1, qa, 'no')).rejects.toMatchObject(refused)
      await expect(storage().write((tx) => registry.promote(tx, 'raw', 1, 'sneaky'))).rejects.toMatchObject({
        code: 'ORRERY_REGISTRY_NOT_CERTIFIED',
      })
      expect(await registry.report('raw', 1)).toBeNull()
    })

    it('become candidates by a package with its evidence, once', async () => {
      const { model } = await logged('packaging')
      await registry.createModel({ name: 'packed', by })
      await fromModel('packed', model)
      const { model: _, pipelineRun, run, cause, ...packaging } = await candidate('packed')
      const attached = await registry.attachPackage('packed', 1, { ...packaging, dataVersion: null }, [passed])
      expect(attached).toMatchObject({ state: 'candidate', endpoint: 'packed', project: 'p', loggedModel: model, by })
      expect((await registry.report('packed', 1))?.n).toBe(4)
      expect((await registry.packageBytes('packed', 1)).toString()).toBe('a package')
      await sign('packed', 1, qa)
      // Told again, as a job is after a crash: nothing happens, and the signature stays.
      expect((await registry.attachPackage('packed', 1, packaging, [failed])).state).toBe('certified')
      const other = { ...packaging, package: { ...packaging.package, hash: 'sha256:other' } }
      await expect(registry.attachPackage('packed', 1, other, [])).rejects.toMatchObject({
        code: 'ORRERY_REGISTRY_PACKAGED_ALREADY',
      })
      await fromModel('packed', model)
      expect((await registry.attachPackage('packed', 2, packaging, [failed])).state).toBe('rejected')
    })

    it('are copied with where they came from', async () => {
      const { model, run } = await logged('copies')
      await registry.createModel({ name: 'source', by })
      await registry.createModel({ name: 'copy', by })
      const original = await fromModel('source', model)
      await registry.setAlias('source', 'best', 1, by)
      for (const source of ['models:/source/1', 'models:/source@best', 'models:/source/latest', 'models:/source/None'])
        expect(await registry.registerLogged({ model: 'copy', source, by })).toMatchObject({
          ...{ source: 'models:/source/1', run, loggedModel: model, location: original.location },
        })
      for (const asked of [{ run: 'another' }, { loggedModel: 'another' }, { run: '' }])
        await expect(
          registry.registerLogged({ model: 'copy', source: 'models:/source/1', ...asked, by }),
        ).rejects.toMatchObject({ code: 'ORRERY_REGISTRY_SOURCE_INVALID' })
      await expect(registry.registerLogged({ model: 'copy', source: 'models:/source/9', by })).rejects.toMatchObject({
        code: 'ORRERY_REGISTRY_VERSION_UNKNOWN',
      })
      await expect(registry.registerLogged({ model: 'nobody', source: 's3://x/y', by })).rejects.toMatchObject({
        code: 'ORRERY_REGISTRY_MODEL_UNKNOWN',
      })
    })

    it('keep their run, its experiment, and the model with its files from being deleted by accident', async () => {
      const { model, run, experiment } = await logged('kept')
      await tracking.addArtifact(model, 'MLmodel', Buffer.from('flavors:'))
      await registry.createModel({ name: 'keeper', by })
      await fromModel('keeper', model)
      const kept = { code: 'ORRERY_TRACKING_KEPT', status: 409, message: expect.stringContaining('keeper v1') }
      await expect(tracking.deleteRun(run)).rejects.toMatchObject(kept)
      await expect(tracking.deleteExperiment(experiment)).rejects.toMatchObject(kept)
      await expect(tracking.deleteLoggedModel(model)).rejects.toMatchObject(kept)
      await expect(tracking.removeArtifacts(model)).rejects.toMatchObject(kept)
      expect((await tracking.experiment({ id: experiment })).deletedAt).toBeNull()
      await registry.deleteVersion('keeper', 1, by)
      await tracking.deleteExperiment(experiment)
      expect((await tracking.run(run)).deletedAt).not.toBeNull()
    })

    it('give a number once, and a model’s name again', async () => {
      const { model } = await logged('numbers given')
      await registry.createModel({ name: 'phoenix', by })
      await fromModel('phoenix', model)
      await fromModel('phoenix', model)
      await registry.setAlias('phoenix', 'best', 2, by)
      await registry.deleteVersion('phoenix', 2, by)
      expect((await registry.model('phoenix')).aliases).toEqual({})
      await expect(registry.version('phoenix', 2)).rejects.toMatchObject({ status: 404 })
      expect((await fromModel('phoenix', model)).version).toBe(3)
      await expect(registry.createModel({ name: 'phoenix', by })).rejects.toMatchObject({
        code: 'ORRERY_REGISTRY_MODEL_EXISTS',
      })
      await registry.deleteModel('phoenix', by)
      await expect(registry.model('phoenix')).rejects.toMatchObject({ status: 404 })
      await registry.createModel({ name: 'phoenix', by })
      expect((await fromModel('phoenix', model)).version).toBe(1)
      expect(await registry.productionHistory('phoenix', { limit: 9, offset: 0 })).toEqual([])
    })

    it('are numbered without a gap when many register at once', async () => {
      const { model } = await logged('many')
      await registry.createModel({ name: 'rush', by })
      const made = await Promise.all(Array.from({ length: 20 }, () => fromModel('rush', model)))
      expect(made.map(({ version }) => version).sort((a, b) => a - b)).toEqual(
        Array.from({ length: 20 }, (_, i) => i + 1),
      )
    })
  })

  describe('what is said of models and versions', () => {
    const by = 'ann'

    it('changes, and goes along with a new name', async () => {
      await registry.createModel({ name: 'old name', tags: { a: '1', b: '2' }, by })
      await registry.registerLogged({ model: 'old name', source: 's3://a/b', tags: { x: 'y' }, by })
      await registry.describeModel('old name', { description: 'what it is', tags: { a: null, c: '3' } }, by)
      await registry.describeVersion('old name', 1, { description: 'the first', tags: { x: 'z' } }, by)
      await registry.setAlias('old name', 'champion', 1, by)
      const renamed = await registry.renameModel('old name', 'new name', by)
      expect(renamed).toMatchObject({
        ...{ name: 'new name', description: 'what it is', tags: { b: '2', c: '3' }, aliases: { champion: 1 } },
      })
      expect(await registry.version('new name', 1)).toMatchObject({
        ...{ description: 'the first', tags: { x: 'z' }, aliases: ['champion'] },
      })
      expect(await registry.productionHistory('new name', { limit: 9, offset: 0 })).toHaveLength(1)
      await expect(registry.model('old name')).rejects.toMatchObject({ status: 404 })
      await registry.createModel({ name: 'taken', by })
      await expect(registry.renameModel('new name', 'taken', by)).rejects.toMatchObject({
        code: 'ORRERY_REGISTRY_MODEL_EXISTS',
      })
    })

    it.each(['', ' ', 'a/b', 'a:b', '.', '..', '..a', 'x'.repeat(257), 'a\u0000b'])('no model is called %j', (name) =>
      expect(registry.createModel({ name, by })).rejects.toMatchObject({ code: 'ORRERY_REGISTRY_NAME_INVALID' }),
    )

    it('takes names, aliases and tags up to their limits', async () => {
      const name = 'x'.repeat(256)
      await registry.createModel({ name, tags: { ['k'.repeat(250)]: 'v'.repeat(100_000) }, by })
      await registry.registerLogged({ model: name, source: 's3://a/b', by })
      await registry.setAlias(name, 'a'.repeat(255), 1, by)
      const invalid = { code: 'ORRERY_REGISTRY_NAME_INVALID', status: 400 }
      await expect(registry.setAlias(name, 'a'.repeat(256), 1, by)).rejects.toMatchObject(invalid)
      await expect(registry.describeModel(name, { tags: { ['k'.repeat(251)]: '' } }, by)).rejects.toMatchObject(invalid)
      await expect(registry.describeModel(name, { tags: { k: 'v'.repeat(100_001) } }, by)).rejects.toMatchObject(
        invalid,
      )
      for (const alias of ['latest', 'LATEST', 'v1', 'V22', 'a b', 'a/b', ''])
        await expect(registry.setAlias(name, alias, 1, by), alias).rejects.toMatchObject(invalid)
      await registry.setAlias(name, 'v1a', 1, by)
    })
  })

  describe('at an endpoint', () => {
    const by = 'ann'
    const refused = { code: 'ORRERY_REGISTRY_SET_BY_ROLLOUTS', status: 409, message: expect.stringContaining('shop') }

    it('leaves production to roll-outs, and everything else to people', async () => {
      await register('served')
      await register('served')
      await sign('served', 1, qa)
      await storage().write((tx) => registry.promote(tx, 'served', 1, 'first'))
      served.set('served', [{ endpoint: 'shop', versions: [1] }])
      await expect(registry.setAlias('served', 'champion', 2, by)).rejects.toMatchObject(refused)
      await expect(registry.setAlias('served', 'previous', 2, by)).rejects.toMatchObject(refused)
      await expect(registry.deleteAlias('served', 'champion', by)).rejects.toMatchObject(refused)
      const stage = (version: number, to: 'production' | 'archived' | 'staging', archiveOthers = false) =>
        registry.setStage('served', version, to, { archiveOthers, by })
      await expect(stage(2, 'production')).rejects.toMatchObject(refused)
      await expect(stage(2, 'production', true)).rejects.toMatchObject(refused)
      await expect(stage(1, 'archived')).rejects.toMatchObject(refused)
      expect((await registry.version('served', 1)).stage).toBe('production')
      await expect(registry.deleteVersion('served', 1, by)).rejects.toMatchObject({
        code: 'ORRERY_REGISTRY_VERSION_IN_USE',
      })
      await expect(registry.deleteModel('served', by)).rejects.toMatchObject({ code: 'ORRERY_REGISTRY_MODEL_IN_USE' })
      await expect(registry.renameModel('served', 'x', by)).rejects.toMatchObject({
        code: 'ORRERY_REGISTRY_MODEL_IN_USE',
      })
      await registry.setAlias('served', 'challenger', 2, by)
      expect((await stage(2, 'staging')).stage).toBe('staging')
      await registry.deleteVersion('served', 2, by)
    })

    it('remembers which version was in production when', async () => {
      let now = Date.UTC(2026, 2, 1)
      const blobs = await openBlobFolder(folder)
      const clock = { now: () => now }
      const events = openEvents({ storage: storage(), clock, log: openLog({ level: 'silent' }) })
      const dated = openRegistry({ storage: storage(), blobs, events, clock, tracking, deploymentsOf: async () => [] })
      for (const version of [1, 2]) {
        await register('dated')
        await sign('dated', version, qa)
      }
      const day = 86_400_000
      const promote = (version: number, why: string) =>
        storage().write((tx) => dated.promote(tx, 'dated', version, why))
      await promote(1, 'first')
      now += 2 * day
      await promote(2, 'better')
      await promote(2, 'told again')
      now += 2 * day
      await storage().write((tx) => dated.withdraw(tx, 'dated', 2, 1, 'it was worse'))
      const on = async (text: string) =>
        (await dated.productionHistory('dated', { limit: 10, offset: 0 }, timeRangeOf(text))).map((one) => one.version)
      expect(await on('2026-02-28')).toEqual([])
      expect(await on('2026-03-02')).toEqual([1])
      expect(await on('2026-03-03')).toEqual([2])
      expect(await on('2026-03-02T23:59')).toEqual([1])
      expect(await on('2027-01-01')).toEqual([1])
      const periods = await dated.productionHistory('dated', { limit: 10, offset: 0 })
      expect(periods.map(({ version, until, why, by }) => [version, until === null, why, by])).toEqual([
        [1, true, 'it was worse', 'orrery'],
        [2, false, 'better', 'quinn'],
        [1, false, 'first', 'quinn'],
      ])
      expect((await dated.version('dated', 1)).stage).toBe('production')
      expect((await dated.version('dated', 2)).stage).toBe('archived')
    })
  })
})

onEveryDatabase('a registry from before clients could register', registryMigrations.slice(0, 1), (storage) => {
  it('keeps its models, versions, aliases and reports', async () => {
    const facts = { gates: [], metrics: {}, environment: {}, importance: [], package: { hash: 'sha256:1' } }
    await storage().write(async (tx) => {
      for (const statement of [
        sql`insert into registry_models values ('m', 'p', 5)`,
        sql`insert into registry_versions values
          ('m', 1, 'p', 'production', 3, 'pipe-1', 'run-1', 'data-1', ${JSON.stringify(facts)}, '{"n":4}', '{"rows":2}', '{"by":"quinn"}'),
          ('m', 2, 'p', 'rejected', 4, 'pipe-2', 'run-2', 'data-1', ${JSON.stringify(facts)}, '{"n":4}', 'null', null)`,
        sql`insert into registry_aliases values ('m', 'champion', 1)`,
      ])
        await statement.execute(tables(tx))
    })
    await storage().migrate([...eventMigrations, ...trackingMigrations, ...registryMigrations])
    const blobs = {} as Parameters<typeof openRegistry>[0]['blobs']
    const events = openEvents({ storage: storage(), clock: systemClock, log: openLog({ level: 'silent' }) })
    const needs = { storage: storage(), blobs, events, clock: systemClock }
    const registry = openRegistry({ ...needs, tracking: openTracking(needs), deploymentsOf: async () => [] })
    expect(await registry.model('m')).toMatchObject({
      project: 'p',
      versions: 2,
      aliases: { champion: 1 },
      createdAt: 3,
    })
    expect(await registry.version('m', 1)).toMatchObject({
      ...{ state: 'production', stage: 'production', run: 'run-1', pipelineRun: 'pipe-1', source: 'runs:/run-1/model' },
      ...{ certification: { by: 'quinn' }, by: 'orrery', runLink: null, aliases: ['champion'] },
    })
    expect((await registry.version('m', 2)).stage).toBe('none')
    expect((await registry.report('m', 1))?.n).toBe(4)
    expect(await registry.productionHistory('m', { limit: 9, offset: 0 })).toMatchObject([{ version: 1, until: null }])
    expect((await registry.renameModel('m', 'n', 'ann')).versions).toBe(2)
  })
})
