import { METRICS } from '#evaluation'
import {
  type CompiledCondition,
  type ConditionKind,
  compileCondition,
  type DecisionValue,
  type ProjectSpec,
} from '#projects'

type Condition<Kind extends ConditionKind> = CompiledCondition & { kind: Kind }

/** What is watched of one endpoint: the project file's `monitor`, `deploy` and `data`, as this room needs them. */
export interface MonitorPlan {
  /** Length of a period, ms. */
  readonly every: number
  /** How long after its prediction a label is known, ms. */
  readonly labelDelay: number
  /** The metric the project is judged by; the task's default when it names none. */
  readonly metric: string | undefined
  readonly drift: { window: number; alertIf: Condition<'drift'> } | undefined
  /** Quality is always measured; without a condition it is shown and never an alert. */
  readonly quality: { window: number; alertIf: Condition<'quality'> | undefined; estimate: boolean }
  readonly decay: { slack: number; threshold: number } | undefined
  readonly fairness: { by: readonly string[]; window: number; alertIf: Condition<'fairness'> } | undefined
  /** How a committee is weighted; absent where the champion answers alone. */
  readonly combine: { window: number; temperature: number | undefined } | undefined
  readonly rollBackIf: Condition<'rollback'>
  /** What must hold before the next step of a roll-out; absent where its time alone decides. */
  readonly promoteIf: Condition<'rollback'> | undefined
  /** What a decision is worth. */
  readonly value: DecisionValue | undefined
  /** Columns that the log does not keep, and that say nothing about drift therefore. */
  readonly redacted: readonly string[]
}

const WEEK = 7 * 86_400_000

/** The plan of an endpoint; `undefined` for one that the file does not deploy, such as one that only checks releases. */
export function planOf(spec: ProjectSpec, endpoint: string): MonitorPlan | undefined {
  const deploy = spec.deploy[endpoint]
  if (!deploy) return undefined
  const { monitor } = spec
  const { drift, quality, decay, fairness } = monitor
  const { train } = spec.pipeline
  const combine = deploy.answer?.combine
  const promoteIf = 'promote_if' in deploy.strategy ? deploy.strategy.promote_if : undefined
  return {
    every: monitor.every,
    labelDelay: spec.data[train.with.data]?.label_arrives_after ?? 0,
    metric: train.with.maximize ?? train.with.minimize,
    drift: drift === 'off' ? undefined : { window: drift.window, alertIf: compileCondition(drift.alert_if, 'drift') },
    quality:
      quality === 'off'
        ? { window: WEEK, alertIf: undefined, estimate: false }
        : {
            window: quality.window,
            alertIf: compileCondition(quality.alert_if, 'quality'),
            estimate: quality.estimate_without_labels,
          },
    decay: decay === 'off' ? undefined : decay,
    fairness:
      fairness === 'off'
        ? undefined
        : { by: fairness.by, window: fairness.window, alertIf: compileCondition(fairness.alert_if, 'fairness') },
    combine: combine && { window: combine.window, temperature: combine.temperature },
    rollBackIf: compileCondition(deploy.roll_back_if, 'rollback'),
    promoteIf: promoteIf === undefined ? undefined : compileCondition(promoteIf, 'rollback'),
    value: deploy.value,
    redacted: deploy.log.redact,
  }
}

/** How far before the end of a period its monitors look back, ms. */
export function lookBack(plan: MonitorPlan): number {
  const labelled = Math.max(plan.every, plan.quality.window, plan.fairness?.window ?? 0, plan.combine?.window ?? 0)
  return Math.max(plan.drift?.window ?? 0, labelled + plan.labelDelay)
}

/** The metrics that a condition speaks of, beside the one the project is judged by: the only ones worth computing. */
export function metricsIn(
  condition: CompiledCondition | undefined,
  task: keyof typeof METRICS,
  metric: string,
): string[] {
  const words = new Set(condition?.text.match(/[a-z][a-z0-9_]*/g))
  return Object.keys(METRICS[task]).filter((name) => name === metric || words.has(name))
}
