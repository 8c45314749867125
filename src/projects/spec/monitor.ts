import { z } from 'zod'
import { Condition, DEFAULT_DRIFT_ALERT_IF, DEFAULT_FAIRNESS_ALERT_IF, DEFAULT_QUALITY_ALERT_IF } from './conditions.ts'
import { oneOf } from './one-of.ts'
import { ColumnName, Duration } from './scalars.ts'
import { says } from './wording.ts'

const Off = z.literal('off')

/** A monitor's settings, or `off`. */
function orOff<Monitor extends z.ZodType>(monitor: Monitor) {
  return oneOf([monitor, Off] as const, (value) => (value === 'off' ? Off : monitor))
}

const window = Duration.prefault('7d').meta({ description: 'the last period that is looked at' })

export const DriftMonitor = z.strictObject({
  against: z.enum(['training']).default('training').meta({ description: 'what the window is compared with' }),
  window,
  alert_if: Condition.default(DEFAULT_DRIFT_ALERT_IF).meta({ description: 'when it is an alert' }),
})
export type DriftMonitor = z.output<typeof DriftMonitor>

export const QualityMonitor = z.strictObject({
  window,
  alert_if: Condition.default(DEFAULT_QUALITY_ALERT_IF).meta({ description: 'when it is an alert' }),
  estimate_without_labels: z
    .boolean()
    .default(true)
    .meta({ description: 'estimate quality while the labels are not there' }),
})
export type QualityMonitor = z.output<typeof QualityMonitor>

export const DecayMonitor = z.strictObject({
  slack: z
    .number()
    .min(0)
    .default(0.1)
    .meta({ description: 'excess of realised over promised loss that counts as none, as a ratio' }),
  threshold: z.number().positive().default(0.5).meta({ description: 'the summed excess that is an alert' }),
})
export type DecayMonitor = z.output<typeof DecayMonitor>

export const FairnessMonitor = z.strictObject({
  by: z
    .array(ColumnName)
    .min(1, { error: says('fairness by no column', 'List the columns, or write `fairness: off`.') })
    .meta({ description: 'columns whose groups are compared' }),
  window,
  alert_if: Condition.default(DEFAULT_FAIRNESS_ALERT_IF).meta({ description: 'when it is an alert' }),
})
export type FairnessMonitor = z.output<typeof FairnessMonitor>

export const Monitor = z.strictObject({
  every: Duration.prefault('1d')
    .refine((ms) => ms >= 1_000, {
      error: says('monitors cannot look more often than once a second', 'Write 1s or more.'),
    })
    .meta({ description: 'how often the monitors look' }),
  drift: orOff(DriftMonitor)
    .prefault({})
    .meta({ description: 'do the features still look like those of the training' }),
  quality: orOff(QualityMonitor).prefault({}).meta({ description: 'is the model still as good as at its release' }),
  decay: orOff(DecayMonitor)
    .prefault({})
    .meta({ description: "Page's CUSUM on realised over promised loss: slow decay" }),
  fairness: orOff(FairnessMonitor)
    .optional()
    .meta({ description: 'are groups still treated alike; on for sensitive columns when absent' }),
})
export type Monitor = z.output<typeof Monitor>
