import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import type { Traffic } from '#deployments/contract'
import type { Frame } from '#platform/table'
import type { Signature } from '#registry/contract'
import type { PredictionRecord } from '#runtime'
import { exportOnnx, fitModel, type TabularModel } from '#trainer'
import type { EndpointSource, ServedEndpoint, ServedPackage } from './endpoint-source.ts'

export const silent = pino({ level: 'silent' })

/** A folder for a journal. Where the database is shared with other servers, a server makes no use of it. */
export const newJournal = () => mkdtempSync(join(tmpdir(), 'orrery-journal-'))

export interface TestPackage {
  readonly bytes: Uint8Array
  readonly signature: Signature
  /** The trainer's own model, whose `predict` is what the package must say. */
  readonly model: TabularModel
}

/** A table with two numbers and a category that decide about the class `yes`, and about the number `amount`. */
export function customers(rows: number, seed: number): { frame: Frame; yes: Float64Array; amount: Float64Array } {
  let state = seed
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
  const tenure = Float64Array.from({ length: rows }, () => (random() < 0.05 ? Number.NaN : Math.floor(random() * 72)))
  const charges = Float64Array.from({ length: rows }, () => 20 + random() * 100)
  const plans = ['monthly', 'yearly', 'two years']
  const plan = Int32Array.from({ length: rows }, () => (random() < 0.05 ? -1 : Math.floor(random() * 3)))
  const logit = (r: number) =>
    -1 + (Number.isNaN(tenure[r]!) ? 0 : -tenure[r]! / 20) + charges[r]! / 40 + (plan[r] === 0 ? 1 : -0.5)
  const chance = Float64Array.from({ length: rows }, (_, r) => 1 / (1 + Math.exp(-logit(r))))
  return {
    frame: {
      rows,
      columns: [
        { name: 'tenure', kind: 'numeric', values: tenure },
        { name: 'charges', kind: 'numeric', values: charges },
        { name: 'plan', kind: 'categorical', codes: plan, categories: plans },
      ],
    },
    yes: chance.map((p) => (random() < p ? 1 : 0)),
    amount: chance.map((p) => 100 * p),
  }
}

/** The rows of a frame as a client sends them. */
export function recordsOf(frame: Frame): PredictionRecord[] {
  return Array.from({ length: frame.rows }, (_, r) =>
    Object.fromEntries(
      frame.columns.map((column) => {
        if (column.kind === 'numeric') {
          const value = column.values[r]!
          return [column.name, Number.isNaN(value) ? null : value]
        }
        const code = column.codes[r]!
        return [column.name, code < 0 ? null : column.categories[code]!]
      }),
    ),
  )
}

/** Trains and packages a real model; another `seed` gives another model for the same signature. */
export function trainPackage(seed: number, task: Signature['task'] = 'binary'): TestPackage {
  const { frame, yes, amount } = customers(600, seed)
  const classes = task === 'binary' ? ['no', 'yes'] : task === 'multiclass' ? ['low', 'middle', 'high'] : []
  const target =
    task === 'binary' ? yes : task === 'regression' ? amount : amount.map((a) => (a < 33 ? 0 : a < 66 ? 1 : 2))
  const model = fitModel(
    task === 'regression' ? { task } : { task, classes },
    { learner: 'boosted_trees', trees: 20, seed },
    { frame, target },
  )
  return {
    bytes: exportOnnx(model),
    signature: {
      task,
      classes,
      label: 'label',
      features: model.features.map((feature) => ({
        name: feature.name,
        kind: feature.kind,
        ...(feature.kind === 'categorical' && { categories: [...feature.categories] }),
      })),
    },
    model,
  }
}

/** For tests that read what they wrote: on a busy machine a record may take longer than an answer waits for it. */
export const PATIENT = { longestWaitMs: 30_000, mostWaiting: 20_000 }

export const NO_TRAFFIC: Traffic = { stable: [], canary: null, reference: null, kept: [] }

export interface TestEndpoints extends EndpointSource {
  set(name: string, traffic: Partial<Traffic>, options?: Partial<ServedEndpoint>): void
  remove(name: string): void
  readonly packages: Map<string, ServedPackage>
  /** How often each package was read. */
  readonly reads: Map<string, number>
}

/** The port in memory; every endpoint serves the model `churn`. */
export function testEndpoints(packages: Record<number, ServedPackage>): TestEndpoints {
  const endpoints = new Map<string, ServedEndpoint>()
  const listeners = new Set<(endpoint: string) => void>()
  const byName = new Map(Object.entries(packages).map(([version, one]) => [`churn@${version}`, one]))
  const reads = new Map<string, number>()
  return {
    packages: byName,
    reads,
    set: (name, traffic, options) => {
      endpoints.set(name, {
        project: 'telecom',
        model: 'churn',
        traffic: { ...NO_TRAFFIC, ...traffic },
        time: [],
        ...options,
      })
      for (const listener of listeners) listener(name)
    },
    remove: (name) => {
      endpoints.delete(name)
      for (const listener of listeners) listener(name)
    },
    endpoint: async (name) => endpoints.get(name),
    names: async () => [...endpoints.keys()],
    package: async (model, version) => {
      const name = `${model}@${version}`
      reads.set(name, (reads.get(name) ?? 0) + 1)
      const found = byName.get(name)
      if (!found) throw new Error(`no package ${name}`)
      return found
    },
    onTrafficChanged: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

export const alone = (version: number) => [{ version, weight: 1 }]
