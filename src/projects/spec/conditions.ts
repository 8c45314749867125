import { z } from 'zod'
import { quoted, says } from './wording.ts'

/** Longer conditions are refused unread: nobody can review them, and reading them costs time. */
export const LONGEST_CONDITION = 2_000

/** A condition in CEL. What it may refer to depends on where it stands, and is checked when the file is read. */
export const Condition = z
  .string({
    error: (issue) =>
      says(`${quoted(issue.input)} is not a condition`, 'Write a comparison in quotes, such as "errors.rate > 0.01".'),
  })
  .min(1, { error: says('the condition is empty', 'Write a comparison, or remove the key to get its default.') })
  .max(LONGEST_CONDITION, {
    error: says(`the condition is longer than ${LONGEST_CONDITION} characters`, 'Split it, or shorten it.'),
  })

/** Not worse than the champion by more than one standard error; no segment collapses; robust; packaged as trained. */
export const DEFAULT_GATES = [
  'improvement.value >= -improvement.standard_error',
  'segments.all(s, s.improvement.value >= -3 * s.improvement.standard_error)',
  'robustness.relative_change_under_noise <= 0.1',
  'parity.max_scaled_difference <= 0.0001',
]

export const DEFAULT_ROLL_BACK_IF = 'errors.rate > 0.01 || improvement.upper95 < 0'
export const DEFAULT_DRIFT_ALERT_IF = 'psi > 0.2 && cost.estimated > 0.01'
export const DEFAULT_QUALITY_ALERT_IF = 'improvement.upper95 < 0 && improvement.relative < -0.05'
export const DEFAULT_FAIRNESS_ALERT_IF = 'disparate_impact.upper95 < 0.8'
export const DEFAULT_TRIGGER_IF = 'alert.drift || alert.quality || alert.decay || version.age > duration("42d")'
