import type { Route } from './router.ts'

export interface ServingTables {
  serving_predictions: {
    seq: number
    id: string
    endpoint: string
    project: string
    model: string
    version: number
    route: Route
    event_time: number
    received_at: number
    latency_us: number
    inputs: string
    value: number
    label: string | null
    probabilities: string | null
    scores: string
    weights: string
  }
  serving_ground_truth: {
    seq: number
    prediction_id: string
    endpoint: string | null
    label: string
    event_time: number | null
    received_at: number
    corrections: number
  }
  serving_totals: {
    endpoint: string
    project: string
    predictions: number
    labelled: number
    repeated: number
    corrected: number
    watermark: number
  }
}
