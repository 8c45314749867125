import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { OnlineReply } from './contract.ts'
import type { ConsumerState } from './streams/consumer.ts'

/** From 20 µs, one entity in memory, to a second. */
const LATENCY_BUCKETS = [0.00002, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.1, 1]

export interface FeatureGauge {
  project: string
  view: string
  /** ms; null when nothing is kept. */
  age: number | null
  share: number | null
}

export interface FeatureMetrics {
  readonly registry: Registry
  /** Once per answered read. */
  observe(project: string, seconds: number, reply: OnlineReply): void
}

/** @param read how every view and every stream stands, asked when Prometheus asks */
export function openMetrics(read: {
  views: () => Promise<FeatureGauge[]>
  streams: () => { project: string; view: string; state: ConsumerState }[]
  orderedBytes: () => Promise<number>
}): FeatureMetrics {
  const registry = new Registry()
  const registers = [registry]
  const labelNames = ['project', 'view'] as const
  const gauge = (name: string, help: string, figureOf: (one: FeatureGauge) => number | null) =>
    new Gauge({
      ...{ name, help, labelNames, registers },
      async collect() {
        this.reset()
        for (const one of await read.views()) {
          const value = figureOf(one)
          if (value !== null) this.set({ project: one.project, view: one.view }, value)
        }
      },
    })
  gauge('orrery_features_age_seconds', 'How long ago the youngest materialized row of a view was.', ({ age }) =>
    age === null ? null : age / 1_000,
  )
  gauge(
    'orrery_features_skew_share',
    'Sampled entities whose online features are not those of the data.',
    (one) => one.share,
  )
  new Gauge({
    ...{ name: 'orrery_features_ordered_bytes', registers },
    help: 'On disk, for views kept in the order that joins read them in.',
    async collect() {
      this.set(await read.orderedBytes())
    },
  })
  const ofStreams = (name: string, help: string, figureOf: (state: ConsumerState) => number | null) =>
    new Gauge({
      ...{ name, help, labelNames, registers },
      collect() {
        this.reset()
        for (const { project, view, state } of read.streams()) {
          const value = figureOf(state)
          if (value !== null) this.set({ project, view }, value)
        }
      },
    })
  ofStreams('orrery_features_stream_lag', 'Messages of a view’s stream that are not kept yet.', ({ lag }) => lag)
  ofStreams('orrery_features_stream_connected', '1 while a stream is connected.', (state) => Number(state.connected))
  ofStreams('orrery_features_stream_received', 'Messages since the server started.', ({ received }) => received)
  ofStreams('orrery_features_stream_rejected', 'Those of them that were set aside.', ({ rejected }) => rejected)
  const reads = new Histogram({
    ...{ name: 'orrery_features_online_duration_seconds', help: 'Reading the features of one request.', registers },
    labelNames: ['project'],
    buckets: LATENCY_BUCKETS,
  })
  const unanswered = new Counter({
    ...{ name: 'orrery_features_not_present_total', help: 'Asked for, and not there or too old.', registers },
    labelNames: ['project', 'view', 'status'],
  })
  return {
    registry,
    observe: (project, seconds, { rows }) => {
      reads.observe({ project }, seconds)
      for (const { views } of rows)
        for (const view in views) {
          const { status } = views[view]!
          if (status !== 'present' && status !== 'computed') unanswered.inc({ project, view, status })
        }
    },
  }
}
