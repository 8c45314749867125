/**
 * The part of the graph all members share: numbers side by side, and categories as numbers of one vocabulary. Each
 * member then reads what a category means to it from a table of its own, with one operator for all features.
 */
import type { Feature, Member, TabularModel } from '../model.ts'
import type { PreparedColumns } from './columns.ts'
import type { GraphBuilder } from './graph.ts'

/** Number of a category that no member has seen. */
const UNSEEN = 0

interface Words {
  readonly missing: number
  /** Number of each category. */
  readonly numberOf: ReadonlyMap<string, number>
}

export interface SharedInputs {
  /** [rows, numeric features] float, `NaN` missing; none when the model has no numeric feature. */
  readonly floats: string | undefined
  /** The same as double. */
  readonly doubles: string | undefined
  /** [rows, categorical features] int64. */
  readonly words: string | undefined
  /** Entries a table over the vocabulary has. */
  readonly vocabularySize: number
  readonly vocabulary: ReadonlyMap<number, Words>
  /** Position of each feature of the model among those of its kind. */
  readonly place: readonly number[]
  readonly numericCount: number
}

/** @param prepared the features, where the graph itself computes them from raw inputs */
export function shareInputs(graph: GraphBuilder, model: TabularModel, prepared?: PreparedColumns): SharedInputs {
  const input = (name: string, type: 'float' | 'string') => prepared?.column(name) ?? graph.input(name, type)
  const place: number[] = []
  const numeric: string[] = []
  const categorical: string[] = []
  const vocabulary = new Map<number, Words>()
  let next = UNSEEN + 1
  model.features.forEach((feature, index) => {
    if (feature.kind === 'numeric') {
      place.push(numeric.push(prepared ? feature.name : graph.input(feature.name, 'float')) - 1)
      return
    }
    const texts = categoriesIn(model.members, index, feature)
    const words = { missing: next, numberOf: new Map(texts.map((text, i) => [text, next + 1 + i])) }
    next += 1 + texts.length
    vocabulary.set(index, words)
    const encoded = graph.node('LabelEncoder', [input(feature.name, 'string')], {
      keys_strings: { strings: ['', ...texts] },
      values_int64s: { ints: [words.missing, ...words.numberOf.values()] },
      default_int64: UNSEEN,
    })
    place.push(categorical.push(encoded) - 1)
  })
  const floats = prepared && numeric.length > 0 ? prepared.sideBySide(numeric) : sideBySide(graph, numeric)
  return {
    floats,
    doubles: floats && graph.node('Cast', [floats], { to: DOUBLE }),
    words: sideBySide(graph, categorical),
    vocabularySize: next,
    vocabulary,
    place,
    numericCount: numeric.length,
  }
}

/** `to` of a Cast. */
export const FLOAT = 1
export const DOUBLE = 11

export function sideBySide(graph: GraphBuilder, values: readonly string[]): string | undefined {
  return values.length > 1 ? graph.node('Concat', values, { axis: 1 }) : values[0]
}

function categoriesIn(members: readonly Member[], index: number, feature: Feature): string[] {
  const texts = new Set<string>()
  for (const { learner } of members) {
    const known =
      learner.kind === 'linear'
        ? learner.categorical.find((one) => one.feature === index)?.levels
        : learner.inputs.flatMap((input) => (input.kind === 'ordered' && input.feature === index ? input.order : []))
    for (const text of known ?? []) texts.add(text)
  }
  if (texts.has('')) throw new TypeError(`the empty text is a category of "${feature.name}"`)
  return [...texts]
}
