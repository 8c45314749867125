/**
 * The one kind of model this room makes: fitted learners and their weights. A single fit has one member, a blend
 * several. Plain data: `JSON.stringify` and `JSON.parse` give back the same model, bit for bit.
 */
import type { LinearLearner } from './linear/learner.ts'
import type { TreesLearner } from './trees/learner.ts'

export type Task = 'binary' | 'multiclass' | 'regression'

/** What is to be learned. For a classification the target holds indices into `classes`; `classes[1]` is the positive. */
export type Problem =
  | { readonly task: 'binary' | 'multiclass'; readonly classes: readonly string[] }
  | { readonly task: 'regression' }

export type Feature =
  | { readonly name: string; readonly kind: 'numeric' }
  /** `categories` are those seen in training, for documentation and request checks; others are answered as unseen. */
  | { readonly name: string; readonly kind: 'categorical'; readonly categories: readonly string[] }

export type Learner = LinearLearner | TreesLearner

export interface Member {
  /** Share of the answer; the weights of a model add up to 1. */
  readonly weight: number
  readonly learner: Learner
}

export interface TabularModel {
  readonly format: 'orrery.tabular/1'
  readonly task: Task
  /** Class names in the order of the outputs; only for classification. */
  readonly classes?: readonly string[]
  readonly features: readonly Feature[]
  readonly members: readonly Member[]
}

/** How many numbers `predict` gives per row: the classes of a multiclass model, otherwise 1. */
export function outputCount(model: Pick<TabularModel, 'task' | 'classes'>): number {
  return model.task === 'multiclass' ? model.classes!.length : 1
}
