import type { FeatureSpec, Signature, TensorSpec } from '#runtime/contract'

/** What of an endpoint its OpenAPI is made from. */
export interface DescribedEndpoint {
  readonly name: string
  readonly signature: Signature
  /** What the Open Inference Protocol has for it. */
  readonly tensors: { readonly inputs: readonly TensorSpec[]; readonly outputs: readonly TensorSpec[] }
  /** Columns that say when a record happened. */
  readonly time: readonly string[]
  /** Whether the online store fills in what a record leaves out. */
  readonly completes: boolean
}

/** A part of an OpenAPI document. */
export type Json = Record<string, unknown>

/** Categories shown of a feature: a code of a thousand shops helps nobody. */
const MOST_EXAMPLES = 50

/** What a caller sends of a record; of a picture the pixels are the rest. */
export function recordSchema({ signature, time, completes }: DescribedEndpoint): Json {
  const times = Object.fromEntries(
    time.map((column) => [column, { type: ['string', 'number'], description: 'When it happened.' }]),
  )
  if (signature.image)
    return {
      type: 'object',
      required: ['picture', ...time],
      properties: { picture: { type: 'string', contentEncoding: 'base64', description: 'A JPEG or PNG.' }, ...times },
    }
  return {
    type: 'object',
    required: [...(completes ? [] : signature.features.flatMap(({ name, header }) => (header ? [] : [name]))), ...time],
    properties: { ...Object.fromEntries(signature.features.map((one) => [one.name, featureSchema(one)])), ...times },
    additionalProperties: { type: ['string', 'number', 'boolean', 'null'] },
  }
}

function featureSchema({ kind, categories, required, header }: FeatureSpec): Json {
  if (header) return { type: ['string', 'null'], description: `Of the header ${header}, where that is sent.` }
  const orMissing = (...types: string[]) => (required ? types : [...types, 'null'])
  if (kind === 'numeric') return { type: orMissing('number') }
  const known = categories?.slice(0, MOST_EXAMPLES) ?? []
  // Unless the model has no answer otherwise, a category that training did not see is answered, too.
  if (required && categories) return { enum: categories }
  return { type: orMissing('string', 'number', 'boolean'), ...(known.length > 0 && { examples: known }) }
}

/** An answer, its classes by name. */
export function predictionSchema({ task, classes }: Signature): Json {
  const probability = { type: 'number', minimum: 0, maximum: 1 }
  const classifies = task !== 'regression'
  return {
    type: 'object',
    required: ['id', 'value', 'label', 'probabilities', 'version'],
    properties: {
      id: { type: 'string', description: 'Names this answer: for ground truth (POST /feedback) and for its past.' },
      value: classifies
        ? { ...probability, description: task === 'binary' ? `P(${classes[1]})` : 'P(label)' }
        : { type: 'number', description: 'The predicted number.' },
      label: classifies ? { enum: classes, description: 'The most likely class.' } : { type: 'null' },
      probabilities: classifies
        ? {
            type: 'object',
            required: classes,
            properties: Object.fromEntries(classes.map((one) => [one, probability])),
          }
        : { type: 'null' },
      version: { type: 'integer', description: 'The version that is named for the answer.' },
    },
  }
}

/** A tensor in JSON, of the shape that the model has. */
export const tensorSchema = ({ name, datatype, shape }: TensorSpec): Json => ({
  type: 'object',
  title: name,
  required: ['name', 'shape', 'datatype', 'data'],
  properties: {
    name: { const: name },
    shape: {
      type: 'array',
      minItems: shape.length,
      maxItems: shape.length,
      prefixItems: shape.map((size) => (size < 0 ? { type: 'integer', minimum: 0 } : { const: size })),
    },
    datatype: { const: datatype },
    data: {
      type: 'array',
      description: `Flat or nested, ${shape.map((size) => (size < 0 ? 'n' : size)).join(' × ')}.`,
    },
  },
})

/** What every route of ours answers when it refuses. */
export const errorSchema: Json = {
  type: 'object',
  required: ['error'],
  properties: {
    error: {
      type: 'object',
      required: ['code', 'message', 'hint'],
      properties: {
        code: { type: 'string' },
        message: { type: 'string' },
        hint: { type: 'string' },
        details: { type: 'object' },
      },
    },
  },
}
