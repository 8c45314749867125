import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { buildReport } from '#evaluation'
import { openBlobFolder } from '#platform/blobs'
import { eventMigrations, openEvents } from '#platform/events'
import { openLog } from '#platform/log'
import { onEveryDatabase } from '#platform/testing'
import { systemClock } from '#platform/time'
import { openTracking, type Tracking, trackingMigrations } from '#tracking'
import { type Candidate, type Deployment, openRegistry, type Registry, registryMigrations } from './index.ts'

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
    tracking = openTracking(needs)
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
    registry.certify(model, version, { by, role, note: 'looked', automatic: false })

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
})
