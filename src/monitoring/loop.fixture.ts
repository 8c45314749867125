import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pino } from 'pino'
import { openDeployments, deploymentMigrations, deploymentPlan } from '#deployments'
import { baselineOf, buildReport, rowLosses } from '#evaluation'
import { openBlobFolder } from '#platform/blobs'
import { eventMigrations, openEvents } from '#platform/events'
import type { Storage } from '#platform/storage'
import { type Frame, takeRows } from '#platform/table'
import { openProjects, projectMigrations } from '#projects'
import { openRegistry, registryMigrations } from '#registry'
import { openTracking } from '#tracking'
import { type EndpointSource, openServing, servingMigrations } from '#serving'
import { exportOnnx, fitModel, predict } from '#trainer'
import { monitoringMigrations } from './migrations.ts'
import { openMonitoring } from './monitoring.ts'

export const loopMigrations = [
  ...eventMigrations,
  ...projectMigrations,
  ...registryMigrations,
  ...deploymentMigrations,
  ...servingMigrations,
  ...monitoringMigrations,
]

export const DAY = 86_400_000
/** Day 0: a Monday. */
export const START = Date.parse('2025-03-03T00:00:00Z')
const PER_DAY = 48

/** What the world is like on a day. */
export interface Weather {
  /** Mean of `wind`: where it blows, nobody can tell what comes. */
  wind?: number
  /** What `load` means: 1 as ever, -1 the opposite. */
  meaning?: number
}

function randomFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Rows of the world: `load` decides where there is no wind, `shift` is a category of no consequence. */
export function world(rows: number, seed: number, { wind = -1, meaning = 1 }: Weather = {}) {
  const random = randomFrom(seed)
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
  const load = Float64Array.from({ length: rows }, normal)
  const winds = Float64Array.from({ length: rows }, () => wind + 0.7 * normal())
  const shift = Int32Array.from({ length: rows }, () => Math.floor(random() * 3))
  const truth = load.map((x, r) => (random() < 1 / (1 + Math.exp(-(winds[r]! < 0 ? 3 : 0.2) * meaning * x)) ? 1 : 0))
  const frame: Frame = {
    rows,
    columns: [
      { name: 'load', kind: 'numeric', values: load },
      { name: 'wind', kind: 'numeric', values: winds },
      { name: 'shift', kind: 'categorical', codes: shift, categories: ['early', 'late', 'night'] },
    ],
  }
  return { frame, truth }
}

export interface LoopOptions {
  /** How long a canary's step is held. */
  readonly hold?: string
  /** How a version takes over, instead of a canary. */
  readonly strategy?: string
  /** More keys of the deployment. */
  readonly deploy?: string
  /** More blocks of the project file. */
  readonly more?: string
}

const projectFile = (
  project: string,
  { hold = '2h', strategy = `{ canary: [10%, 50%, 100%], hold: ${hold} }`, deploy, more = '' }: LoopOptions,
) => `
project: ${project}
data:
  market:
    source: market.csv
    label: up
    task: binary
    time: at
    label_arrives_after: 24h
deploy:
  ${project}:
    strategy: ${strategy}
    ${deploy ?? 'answer: { combine: { last: 3, window: 7d } }'}
${more}
`

/** The rooms of the loop on one database, with real models behind a real gateway. */
export async function openLoop(storage: Storage, project: string, options: LoopOptions = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'orrery-monitoring-'))
  const blobs = await openBlobFolder(join(folder, 'blobs'))
  // Each moment is another one, so that what happens later is later.
  let now = START + 1000 * DAY
  const clock = { now: () => now++ }
  // Work that fails is tried again, for ever: a test must hear of it.
  const problems: string[] = []
  const log = pino({ level: 'error' }, { write: (line) => problems.push(line) })
  const needs = { storage, clock, log }
  const events = openEvents(needs)
  const projects = openProjects({ ...needs, events })
  const registry = openRegistry({
    ...{ ...needs, blobs, events },
    tracking: openTracking({ ...needs, blobs, events }),
    deploymentsOf: (tx, model) => deployments.deploymentsOf(tx, model),
  })
  const deployments = openDeployments({
    ...{ ...needs, events, registry },
    planOf: async (name, endpoint) => deploymentPlan((await projects.project(name)).spec, endpoint),
  })
  const strict = new Set<number>()
  const endpoints: EndpointSource = {
    endpoint: async (name) => {
      const { model, traffic } = await deployments.endpoint(name)
      return { project, model, traffic, time: ['at'] }
    },
    names: async () => [project],
    package: async (model, version) => {
      const { signature } = await registry.packaged(model, version)
      const features = signature.features.map((one) => (strict.has(version) ? { ...one, required: true } : one))
      return { bytes: await registry.packageBytes(model, version), signature: { ...signature, features } }
    },
    onTrafficChanged: (listener) =>
      events.listen((event) => {
        if (event.type === 'deployments.traffic_changed' && event.subject === project) listener(project)
      }),
  }
  const serving = openServing({ ...needs, endpoints, onLogged: ({ endpoint }) => monitoring.noticed(endpoint) })
  const monitoringNeeds = { ...needs, events, projects, registry, deployments, reads: serving.reads, serving }
  let monitoring = openMonitoring(monitoringNeeds)

  await projects.apply(
    { file: projectFile(project, options), folder, canvas: '', simulated: false },
    'test',
    async (tx) => deployments.ensureEndpoint(tx, { name: project, project, environment: 'production', model: project }),
  )
  await events.start()

  async function settle(): Promise<void> {
    for (;;) {
      if (problems.length > 0) throw new Error(problems[0])
      if ((await monitoring.settled(project)) && (await events.settled()) && (await monitoring.settled(project))) break
      await sleep(2)
    }
    await serving.warm(project).catch(() => {})
  }

  /** Trains a version on days of the world before `until` and registers it. */
  async function register(seed: number, until: number, weather: Weather = {}, pipelineRun = `${project}-run-${seed}`) {
    const { frame, truth } = world(2400, seed, weather)
    const part = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i)
    const train = takeRows(frame, part(0, 1600))
    const held = takeRows(frame, part(1600, 2400))
    const heldTruth = truth.slice(1600)
    const model = fitModel(
      { task: 'binary', classes: ['0', '1'] },
      { learner: 'boosted_trees', seed },
      { frame: train, target: truth.slice(0, 1600) },
    )
    const bytes = exportOnnx(model)
    const { hash, size } = await blobs.put(bytes)
    const scores = predict(model, held)
    const losses = rowLosses('binary', heldTruth, scores)
    const report = await buildReport({ task: 'binary', truth: heldTruth, scores })
    return registry.register(
      {
        ...{ model: project, project, endpoint: project, report },
        pipelineRun,
        run: `${project}-trial-${seed}`,
        dataVersion: 'd1',
        code: { commit: null, dirty: false, contentHash: createHash('sha256').update(project).digest('hex') },
        environment: {},
        cause: { kind: 'person', by: 'test', reason: 'test' },
        signature: {
          task: 'binary',
          classes: ['0', '1'],
          label: 'up',
          features: model.features.map((feature) =>
            feature.kind === 'numeric' ? feature : { ...feature, categories: [...feature.categories] },
          ),
        },
        package: { format: 'onnx', hash, size, parity: { maxAbsDifference: 0, maxScaledDifference: 0, rows: 0 } },
        metrics: report.metrics,
        comparison: null,
        importance: [],
        releaseRequests: hash,
        promisedLoss: losses.reduce((sum, loss) => sum + loss, 0) / losses.length,
        trainedUntil: START + until * DAY,
        baseline: {
          features: baselineOf(train),
          scores: baselineOf({ rows: 800, columns: [{ name: 'score', kind: 'numeric', values: scores }] }),
          priced: {
            rows: Object.fromEntries(
              held.columns.map((column) => [
                column.name,
                column.kind === 'numeric'
                  ? [...column.values]
                  : Array.from(column.codes, (code) => column.categories[code]!),
              ]),
            ),
            losses: [...losses],
          },
        },
      },
      [],
    )
  }

  /** Takes a registered version through its checks and signature. */
  async function release(version: number): Promise<void> {
    await registry.certify(project, version, {
      by: { name: 'test', roles: [] },
      roles: [],
      note: '',
      automatic: true,
    })
    await deployments.begin(project, version)
    await deployments.move(project, version, { kind: 'checked', passed: true, note: 'checked' })
    await deployments.move(project, version, {
      kind: 'certified',
      by: 'test',
      eventTime: (await serving.reads.watermark(project)) ?? null,
      requests: (await serving.reads.counts(project)).predictions,
    })
    await settle()
  }

  const idsOf = (day: number) => Array.from({ length: PER_DAY }, (_, i) => `${project}-${day}-${i}`)
  const truths = new Map<number, Float64Array>()

  /** A day's requests, then the labels of the day before. */
  async function day(number: number, weather: Weather = {}, { labels = true } = {}): Promise<void> {
    const { frame, truth } = world(PER_DAY, 10_000 + number, weather)
    truths.set(number, truth)
    const records = Array.from({ length: PER_DAY }, (_, i) => ({
      at: new Date(START + number * DAY + (i * DAY) / PER_DAY).toISOString(),
      ...Object.fromEntries(
        frame.columns.map((column) => [
          column.name,
          column.kind === 'numeric' ? column.values[i]! : column.categories[column.codes[i]!]!,
        ]),
      ),
    }))
    const ids = idsOf(number)
    // The first request of a day closes the day before: the loop answers to that before the rest is sent.
    await serving.predict({ endpoint: project, records: records.slice(0, 1), ids: ids.slice(0, 1) })
    await settle()
    await serving.predict({ endpoint: project, records: records.slice(1), ids: ids.slice(1) })
    if (labels) await label(number - 1)
    await settle()
  }

  async function label(number: number): Promise<void> {
    const truth = truths.get(number)
    if (truth) await serving.feedback(idsOf(number).map((id, i) => ({ id, label: String(truth[i]!) })))
  }

  return {
    ...{ project, storage, folder, blobs, projects, registry, deployments, serving, events, clock, log },
    ...{ register, release, day, label, settle },
    /** The version has no answer for a request without a value. */
    makeStrict: (version: number) => strict.add(version),
    monitoring: () => monitoring,
    needs: () => monitoringNeeds,
    points: () => monitoring.series(project, { points: 2000 }),
    /** Another instance on the same database, as after a restart. */
    restartMonitoring: async () => {
      await monitoring.stop()
      monitoring = openMonitoring({ ...monitoringNeeds, events: { ...events, subscribe: () => {} } })
      await monitoring.start()
      await settle()
    },
    close: async () => {
      await monitoring.stop()
      await events.stop()
      await serving.close()
      await rm(folder, { recursive: true })
    },
  }
}
