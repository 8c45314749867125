import type { Program } from './program.ts'

/** Steps that go into the package: what each takes, as a project file says it. */
export type Selection = readonly string[] | 'numbers' | 'texts' | 'all'

export interface CleanStep {
  readonly columns: Selection
  /** Values that mean "missing". */
  readonly missing: readonly string[]
  readonly replace: Readonly<Record<string, string>>
}
export interface ClipStep {
  readonly columns: Selection
  /** A number, or a share of the training rows that lie below. */
  readonly from?: number | { readonly share: number } | undefined
  readonly to?: number | { readonly share: number } | undefined
}
export interface ImputeStep {
  readonly columns: Selection
  readonly with: number | string
  readonly flag: boolean
}
export interface GroupRareStep {
  readonly columns: Selection
  readonly below: number
  readonly as: string
}
export interface EncodeStep {
  readonly columns: Selection
  readonly as: 'one_hot' | 'frequency' | 'ordinal'
  readonly order?: readonly string[] | undefined
  readonly most: number
}
export interface ScaleStep {
  readonly columns: Selection
  readonly to: 'standard' | 'range' | 'robust'
}

/** A step of a recipe: one of these is there. */
export interface PackageStep {
  readonly clean?: CleanStep | undefined
  readonly derive?: Readonly<Record<string, string>> | undefined
  readonly clip?: ClipStep | undefined
  readonly impute?: ImputeStep | undefined
  readonly group_rare?: GroupRareStep | undefined
  readonly encode?: EncodeStep | undefined
  readonly scale?: ScaleStep | undefined
  readonly drop?: readonly string[] | undefined
}

/** In the order of their kinds: what makes rows, before the split; then what is done to each row, in the package. */
export const TABLE_STEPS = ['sql', 'join', 'filter', 'aggregate', 'resample', 'sample'] as const
export const PACKAGE_STEPS = ['clean', 'derive', 'clip', 'impute', 'group_rare', 'encode', 'scale', 'drop'] as const
export type PackageStepName = (typeof PACKAGE_STEPS)[number]

/** What a step learned from the training rows, for people. */
export interface Fitted {
  /** Number of the step in the recipe, from 0. */
  readonly step: number
  readonly what: PackageStepName
  readonly column: string
  readonly learned: Readonly<Record<string, number | string | null>>
}

/** A recipe with everything learned: plain data, kept in the package and with the run that made it. */
export interface Preparation {
  readonly format: 'orrery.preparation/1'
  /** sha256 of the recipe's steps. */
  readonly recipe: string
  /** The raw columns that a record has to bring. */
  readonly inputs: readonly { readonly name: string; readonly kind: 'number' | 'text' }[]
  readonly program: Program
  readonly fitted: readonly Fitted[]
}
