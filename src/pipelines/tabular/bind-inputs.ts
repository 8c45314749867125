import type { FeatureSpec, GraphInput, TensorSpec } from '#runtime/contract'
import { ModelInputsUnfit } from '../errors.ts'

/** Types of a graph's inputs that a column can be cast to. */
const TYPES = { FP32: 'float32', FP64: 'float64', INT64: 'int64', BOOL: 'bool', BYTES: 'string' } as const

/**
 * What each input of a model takes of its columns: one column each where inputs are called like them, or one input of all
 * numbers and one of all texts, in the order of the columns.
 *
 * @throws ModelInputsUnfit
 */
export function bindInputs(
  command: string,
  inputs: readonly TensorSpec[],
  features: readonly Pick<FeatureSpec, 'name' | 'kind'>[],
): GraphInput[] {
  const unfit = (why: string) =>
    new ModelInputsUnfit(
      command,
      why,
      features.map(({ name }) => name),
    )
  const typed = inputs.map(({ name, datatype, shape }) => {
    const type = (TYPES as Record<string, GraphInput['type']>)[datatype]
    if (!type) throw unfit(`its input "${name}" is ${datatype}`)
    return { name, type, width: shape[1] ?? -1 }
  })
  const kindOf = (type: GraphInput['type']) => (type === 'string' ? 'categorical' : 'numeric')
  const byName = new Map(features.map((feature) => [feature.name, feature]))
  const named = typed.filter(({ name }) => byName.has(name))
  if (named.length === features.length && named.length === typed.length) {
    const wrong = named.find(({ name, type }) => byName.get(name)!.kind !== kindOf(type))
    if (wrong) throw unfit(`its input "${wrong.name}" is ${wrong.type}, and the column ${byName.get(wrong.name)!.kind}`)
    return named.map(({ name, type }) => ({ name, type, features: [name] }))
  }
  if (named.length > 0) {
    const without = features.filter(({ name }) => !named.some((input) => input.name === name))
    const other = typed.filter(({ name }) => !byName.has(name))
    throw unfit(
      without.length > 0
        ? `it has no input for ${shown(without)}`
        : `${shown(other)} ${other.length === 1 ? 'is none of them' : 'are none of them'}`,
    )
  }
  const bound = typed.map(({ name, type, width }) => {
    const taken = features.filter(({ kind }) => kind === kindOf(type)).map((feature) => feature.name)
    if (width >= 0 && width !== taken.length)
      throw unfit(`its input "${name}" takes ${width} columns, and ${taken.length} are ${kindOf(type)}`)
    return { name, type, features: taken }
  })
  const taken = bound.flatMap((input) => input.features)
  if (taken.length === features.length && new Set(taken).size === taken.length) return bound
  throw unfit(`its inputs are ${shown(typed)}`)
}

function shown(some: readonly { name: string }[]): string {
  const names = some.slice(0, 10).map(({ name }) => `"${name}"`)
  return `${names.join(', ')}${some.length > 10 ? ` and ${some.length - 10} more` : ''}`
}
