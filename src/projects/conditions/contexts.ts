/*
 * What each kind of condition is evaluated on. Everything is optional: what is not known is left out (or null, or NaN),
 * and `evaluateCondition` says what that means. A plain number stands for an estimate without an interval.
 */

type Known<T> = T | null | undefined

export interface EstimateValue {
  readonly value?: Known<number>
  readonly lower95?: Known<number>
  readonly upper95?: Known<number>
  readonly standard_error?: Known<number>
}
export interface ImprovementValue extends EstimateValue {
  readonly relative?: Known<number>
}
export type EstimatesByName = Readonly<Record<string, Known<EstimateValue | number>>>

export interface SegmentValue {
  readonly column: string
  readonly value: string
  readonly rows?: Known<number>
  readonly metrics?: Known<EstimatesByName>
  readonly improvement?: Known<ImprovementValue>
}

/** Milliseconds. */
export interface LatencyValue {
  readonly p50?: Known<number>
  readonly p95?: Known<number>
  readonly p99?: Known<number>
}
export interface ErrorsValue {
  /** Failed requests as a part of all, 0 to 1. */
  readonly rate?: Known<number>
  readonly count?: Known<number>
  readonly requests?: Known<number>
}
export interface FairnessValue {
  readonly disparate_impact?: Known<EstimateValue | number>
  readonly demographic_parity?: Known<number>
  readonly equal_opportunity?: Known<number>
  readonly equalised_odds?: Known<number>
}

export interface GateContext {
  readonly metrics?: Known<EstimatesByName>
  /** Absent while there is no champion. */
  readonly champion?: Known<{
    readonly version?: Known<number>
    readonly metrics?: Known<EstimatesByName>
    readonly latency?: Known<LatencyValue>
    readonly segments?: Known<readonly SegmentValue[]>
  }>
  readonly improvement?: Known<ImprovementValue>
  readonly segments?: Known<readonly SegmentValue[]>
  readonly robustness?: Known<{
    readonly flips_under_noise?: Known<number>
    readonly relative_change_under_noise?: Known<number>
  }>
  readonly parity?: Known<{
    readonly max_abs_difference?: Known<number>
    readonly max_scaled_difference?: Known<number>
    readonly rows?: Known<number>
  }>
  readonly latency?: Known<LatencyValue>
  /** Bytes. */
  readonly memory?: Known<{ readonly package?: Known<number>; readonly resident?: Known<number> }>
  readonly explanation?: Known<{
    readonly top1?: Known<number>
    readonly top3?: Known<number>
    readonly top5?: Known<number>
    readonly stability?: Known<number>
    /** By feature. */
    readonly shares?: Readonly<Record<string, number>>
  }>
  readonly fairness?: Known<FairnessValue>
}

export interface RollbackContext {
  readonly errors?: Known<ErrorsValue>
  readonly latency?: Known<LatencyValue>
  readonly quality?: Known<EstimatesByName>
  readonly improvement?: Known<ImprovementValue>
  readonly answers?: Known<{ readonly changed?: Known<number>; readonly psi?: Known<number> }>
  readonly value?: Known<ImprovementValue>
  readonly labels?: Known<number>
  readonly champion?: Known<{
    readonly version?: Known<number>
    readonly errors?: Known<ErrorsValue>
    readonly latency?: Known<LatencyValue>
    readonly quality?: Known<EstimatesByName>
  }>
}

export interface DriftContext {
  readonly psi?: Known<number>
  readonly noise?: Known<number>
  readonly features?: Known<number>
  readonly rows?: Known<number>
  readonly cost?: Known<{ readonly estimated?: Known<number> }>
}

/** The metrics of the window by name, beside what they are compared with. */
export interface QualityContext {
  readonly baseline?: Known<EstimatesByName>
  readonly improvement?: Known<ImprovementValue>
  readonly labels?: Known<number>
  readonly [metric: string]: unknown
}

export interface FairnessContext extends FairnessValue {
  readonly labels?: Known<number>
}

export interface TriggerContext {
  readonly alert?: Known<{
    readonly drift?: Known<boolean>
    readonly quality?: Known<boolean>
    readonly decay?: Known<boolean>
    readonly fairness?: Known<boolean>
  }>
  /** `age` in ms. */
  readonly version?: Known<{ readonly number?: Known<number>; readonly age?: Known<number> }>
  readonly labels?: Known<{ readonly new?: Known<number> }>
}

export interface KindContexts {
  readonly gate: GateContext
  readonly rollback: RollbackContext
  readonly drift: DriftContext
  readonly quality: QualityContext
  readonly fairness: FairnessContext
  readonly trigger: TriggerContext
}
