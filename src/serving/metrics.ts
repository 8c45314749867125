import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { ModelsInMemory } from './models.ts'
import type { StatsSnapshot } from './stats.ts'

/** From 100 µs, an answer in memory, to 10 s, a caller that has given up. */
const LATENCY_BUCKETS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10]

export interface ServingMetrics {
  /** Once per answered request. */
  observe(endpoint: string, seconds: number): void
}

/**
 * Registers the room's metrics. Counters are read from the endpoints' own counts when Prometheus asks, so that
 * answering costs nothing for them.
 */
export function registerMetrics(
  registry: Registry,
  read: () => { endpoint: string; stats: StatsSnapshot; dropped: number }[],
  inMemory: () => ModelsInMemory,
): ServingMetrics {
  const registers = [registry]
  registerMemory(registers, inMemory)
  new Counter({
    name: 'orrery_predictions_total',
    help: 'Answered records, by the version named for the answer.',
    labelNames: ['endpoint', 'version', 'route'],
    registers,
    collect() {
      this.reset()
      for (const { endpoint, stats } of read())
        for (const { version, servedByRoute } of stats.versions)
          for (const [route, served] of Object.entries(servedByRoute))
            if (served > 0) this.inc({ endpoint, version, route }, served)
    },
  })
  new Counter({
    name: 'orrery_prediction_failures_total',
    help: 'Records without an answer: `failed` through our fault, `refused` requests that did not fit the signature.',
    labelNames: ['endpoint', 'reason'],
    registers,
    collect() {
      this.reset()
      for (const { endpoint, stats } of read()) {
        this.inc({ endpoint, reason: 'failed' }, stats.failed)
        this.inc({ endpoint, reason: 'refused' }, stats.refused)
      }
    },
  })
  new Counter({
    name: 'orrery_version_failures_total',
    help: 'Records that a version could not score, answered by others where there were any.',
    labelNames: ['endpoint', 'version'],
    registers,
    collect() {
      this.reset()
      for (const { endpoint, stats } of read())
        for (const { version, failed } of stats.versions) if (failed > 0) this.inc({ endpoint, version }, failed)
    },
  })
  new Counter({
    name: 'orrery_prediction_log_dropped_total',
    help: 'Answered records that are missing in the prediction log.',
    labelNames: ['endpoint'],
    registers,
    collect() {
      this.reset()
      for (const { endpoint, dropped } of read()) this.inc({ endpoint }, dropped)
    },
  })
  const duration = new Histogram({
    name: 'orrery_prediction_duration_seconds',
    help: 'From the parsed request to its durable answer.',
    labelNames: ['endpoint'],
    buckets: LATENCY_BUCKETS,
    registers,
  })
  return { observe: (endpoint, seconds) => duration.observe({ endpoint }, seconds) }
}

/** Which models are in memory and what they take, as it is when Prometheus asks. */
function registerMemory(registers: Registry[], inMemory: () => ModelsInMemory): void {
  new Gauge({
    name: 'orrery_model_memory_budget_bytes',
    help: 'What loaded models may take together; above it the one used longest ago leaves.',
    registers,
    collect() {
      this.set(inMemory().budgetBytes)
    },
  })
  new Gauge({
    name: 'orrery_model_memory_bytes',
    help: 'What a loaded model takes: its process as that said last, or beside HTTP the size of its files.',
    labelNames: ['model', 'placement'],
    registers,
    collect() {
      this.reset()
      for (const { name, placement, loaded, bytes } of inMemory().models)
        if (loaded) this.set({ model: name, placement }, bytes)
    },
  })
  const counts = [
    ['orrery_model_loads_total', 'How often a model was loaded since it was opened.', 'loads'],
    ['orrery_model_evictions_total', 'How often a model left memory for another.', 'evictions'],
  ] as const
  for (const [name, help, count] of counts)
    new Counter({
      ...{ name, help, labelNames: ['model'], registers },
      collect() {
        this.reset()
        for (const one of inMemory().models) this.inc({ model: one.name }, one[count])
      },
    })
  new Counter({
    name: 'orrery_model_process_ends_total',
    help: 'Processes of a model that crashed, were ended or were replaced.',
    labelNames: ['model'],
    registers,
    collect() {
      this.reset()
      for (const [model, ends] of inMemory().processEnds) this.inc({ model }, ends)
    },
  })
}
