/**
 * Page's cumulative sum: S ← max(0, S + x − slack), an alarm when S exceeds the threshold. It adds up an excess that each
 * period's noise hides, and forgets what is made good again; among all rules with the same rate of false alarms it finds
 * a lasting shift with the least worst-case delay.
 *
 * Sources: E. S. Page, "Continuous inspection schemes", Biometrika 41 (1954) 100–115; optimality: G. Lorden, "Procedures
 * for reacting to a change in distribution", Annals of Mathematical Statistics 42 (1971) 1897–1908, and G. V. Moustakides,
 * Annals of Statistics 14 (1986) 1379–1387.
 */

export interface CusumState {
  /** The cumulative sum, 0 or more, in units of the observations. */
  readonly statistic: number
  /** Observations since the statistic was last 0: how long the present excess has been building up. */
  readonly since: number
}

export interface CusumSettings {
  /** Excess per observation that counts as none; half of the shift worth finding is the usual choice. */
  readonly slack: number
  /** The cumulative sum above which it is an alarm. */
  readonly threshold: number
}

export const CUSUM_START: CusumState = { statistic: 0, since: 0 }

/**
 * The state after one observation, and whether that is an alarm. An alarm lasts as long as the excess does: who has acted on
 * it starts again from `CUSUM_START`.
 *
 * @param observation 0 where all is as expected, larger for worse
 * @throws RangeError when the observation is not a finite number, which would stick in the sum for ever
 */
export function pageCusum(
  state: CusumState,
  observation: number,
  settings: CusumSettings,
): { state: CusumState; alarm: boolean } {
  if (!Number.isFinite(observation)) throw new RangeError(`an observation of ${observation}`)
  const sum = state.statistic + observation - settings.slack
  const next = sum > 0 ? { statistic: sum, since: state.since + 1 } : CUSUM_START
  return { state: next, alarm: next.statistic > settings.threshold }
}

/** Mean losses per row of one period: what came true, and what the champion's held-back rows promised. */
export interface RealisedLoss {
  readonly realised: number
  readonly promised: number
}

/**
 * The rule "decay": Page's sum over ln(realised / promised). A ratio has no unit, so one slack and one threshold fit log
 * loss and absolute error alike; its logarithm keeps one bad day from being an alarm by itself, and lets a day at half
 * the promised loss make good one at double. Slack 0.1 overlooks losses up to 10 % above the promise, and with threshold 1
 * a lasting excess of 34 % is an alarm on the sixth period.
 *
 * A promise of 0, or a period without any loss, has no such ratio: it leaves the state as it is, without an alarm.
 */
export function decay(
  state: CusumState,
  loss: RealisedLoss,
  settings: CusumSettings,
): { state: CusumState; alarm: boolean } {
  if (!(loss.promised > 0 && loss.realised > 0)) return { state, alarm: false }
  return pageCusum(state, Math.log(loss.realised / loss.promised), settings)
}
