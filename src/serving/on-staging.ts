import type { Blobs } from '#platform/blobs'
import type { Events } from '#platform/events'
import type { Storage } from '#platform/storage'
import type { Environment, Projects, ReleaseCheck } from '#projects'
import type { Registry } from '#registry'
import type { LoadMeasurement, PackagedVersion, StagingCheck } from '#registry/contract'
import type { PredictionRecord } from '#runtime'
import { ModelBroken } from '#runtime'
import type { Load } from './load.ts'
import type { ReleaseReport } from './release-check.ts'
import type { Serving } from './serving.ts'

/** Runs the release checks of every version that enters staging, judges what waited for them, and tells what they found. */
export function checkStagedVersions(needs: {
  events: Events
  storage: Storage
  blobs: Blobs
  projects: Pick<Projects, 'project'>
  registry: Registry
  serving: Serving
}): void {
  const { events, storage, blobs, projects, registry, serving } = needs

  events.subscribe('serving.release-checks', ['deployments.rollout_staging'], async ({ data, project, subject }) => {
    const model = String(data.model)
    const version = Number(data.version)
    const staged = await registry.packaged(model, version)
    const asked = askedOf(project ? (await projects.project(project)).spec : undefined, subject, data.environments)
    const requests = readRequests(await blobs.get(staged.releaseRequests), asked.requests)
    const load = asked.load ?? (staged.gates.some(({ pending }) => pending) ? UNASKED_LOAD : undefined)
    const report = await serving
      .checkRelease({ model, version, ...requests, ...(load && { load }) })
      .catch(brokenReport)
    const championLoad = load && report.passed ? await loadOfChampion(staged, requests.records, load) : null
    const found: StagingCheck[] = [
      ...report.checks,
      ...(report.passed && asked.replayMs > 0 ? [await replay(staged, subject, asked.replayMs)] : []),
      ...limitChecks(asked.limits, report.load),
    ]
    const isSound = found.every((check) => check.passed)
    const gates = await registry.staged(model, version, {
      ...{ passed: isSound, checks: found.map(({ name, passed, explanation }) => ({ name, passed, explanation })) },
      ...{ load: report.load, championLoad },
    })
    const failed = [
      ...found.filter((check) => !check.passed).map(({ explanation }) => explanation),
      ...gates.map(({ condition, explanation }) => `The gate ${condition} did not pass: ${explanation}.`),
    ]
    await storage.write((tx) =>
      events.publish(tx, {
        type: 'serving.release_checked',
        project,
        subject,
        data: {
          ...{ model, version, passed: failed.length === 0, report },
          note: (failed.length > 0 ? failed : found.map(({ explanation }) => explanation)).join(' '),
        },
      }),
    )
  })

  async function loadOfChampion({ model, version }: PackagedVersion, records: readonly PredictionRecord[], load: Load) {
    const champion = (await registry.model(model)).aliases.champion
    if (champion === undefined || champion === version) return null
    return serving.measureLoad(model, champion, records, load).catch(() => null)
  }

  /** What the endpoint was asked in its last period, asked again. */
  async function replay(
    { model, version }: PackagedVersion,
    endpoint: string,
    periodMs: number,
  ): Promise<StagingCheck> {
    const until = (await serving.reads.watermark(endpoint)) ?? 0
    const logged = await serving.reads.list(endpoint, { limit: MOST_REPLAYED })
    const records = logged.filter(({ eventTime }) => eventTime >= until - periodMs).map(({ inputs }) => inputs)
    if (records.length === 0)
      return { name: 'replay', passed: true, explanation: 'The endpoint has not been asked anything to replay.' }
    const { errors, firstError } = await serving.replay(model, version, records)
    return {
      name: 'replay',
      passed: errors === 0,
      explanation:
        errors === 0
          ? `${records.length} requests of the last period were answered again.`
          : `${errors} of ${records.length} requests of the last period failed; ${firstError}`,
    }
  }
}

/** For gates about latency where no environment asks for a load: enough to see a tail, short enough to wait for. */
const UNASKED_LOAD: Load = { rate: 50, forMs: 2_000 }
const MOST_REPLAYED = 500

interface Asked {
  requests: number
  load: Load | undefined
  replayMs: number
  limits: Environment['limits']
}

/** What the environments before the endpoint's own ask for, and the limits of the one it goes to. */
function askedOf(
  spec: { environments: Record<string, Environment>; deploy: Record<string, { environment: string }> } | undefined,
  endpoint: string,
  before: unknown,
): Asked {
  const names = Array.isArray(before) ? before.map(String) : []
  const checks: ReleaseCheck[] = names.flatMap((name) => spec?.environments[name]?.checks ?? [])
  const counts = checks.flatMap((check) => ('requests' in check ? [check.requests] : []))
  const loads = checks.flatMap((check) => ('load' in check ? [{ rate: check.load.rate, forMs: check.load.for }] : []))
  const replays = checks.flatMap((check) => ('replay' in check ? [check.replay] : []))
  return {
    requests: counts.length > 0 ? Math.max(...counts) : Number.POSITIVE_INFINITY,
    load: loads.sort((a, b) => b.rate - a.rate)[0],
    replayMs: Math.max(0, ...replays),
    limits: spec?.environments[spec.deploy[endpoint]?.environment ?? '']?.limits ?? {},
  }
}

/** Where an environment limits latency or memory, a version keeps to it under load. */
function limitChecks({ latency, memory }: Environment['limits'], load: LoadMeasurement | null): StagingCheck[] {
  if (!load) return []
  const checks: StagingCheck[] = []
  if (latency !== undefined)
    checks.push({
      name: 'latency limit',
      passed: load.latency.p99 <= latency,
      explanation: `Under load p99 is ${load.latency.p99.toFixed(1)} ms; its environment allows ${latency} ms.`,
    })
  if (memory !== undefined)
    checks.push({
      name: 'memory limit',
      passed: load.memory <= memory,
      explanation: `Under load the process grew by ${megabytes(load.memory)}; its environment allows ${megabytes(memory)}.`,
    })
  return checks
}

const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`

/** A package that cannot even be loaded is a verdict, not a fault of the check. */
function brokenReport(error: unknown): ReleaseReport {
  if (!(error instanceof ModelBroken)) throw error
  return {
    passed: false,
    checks: [{ name: 'loads', passed: false, explanation: error.message }],
    ...{ requests: 0, errors: 0, maxAbsDifference: null, p50Ms: null, p99Ms: null, load: null },
  }
}

/** JSON lines of `{record, answer}`, as a pipeline run leaves them; at most the first `most`. */
function readRequests(bytes: Buffer, most: number): { records: PredictionRecord[]; expected: number[] } {
  const lines = bytes
    .toString()
    .split('\n')
    .filter(Boolean)
    .slice(0, most)
    .map((line) => JSON.parse(line) as { record: PredictionRecord; answer: number[] })
  return { records: lines.map((line) => line.record), expected: lines.flatMap((line) => line.answer) }
}
