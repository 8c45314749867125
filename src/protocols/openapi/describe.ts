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

type Json = Record<string, unknown>

/** Categories shown of a feature: a code of a thousand shops helps nobody. */
const MOST_EXAMPLES = 50

/**
 * The API of one endpoint as OpenAPI 3.1, from its signature: the columns with their types and known categories, the
 * classes by name, the tensors with their shapes.
 *
 * @param server where it is reached, `http://host:port`
 * @param version of the program
 */
export function endpointOpenApi(endpoint: DescribedEndpoint, { server, version }: { server: string; version: string }) {
  const { name, signature } = endpoint
  const [predict, invocations] = signature.tensors
    ? []
    : [predictPath(endpoint), signature.image ? undefined : invocationsPath(endpoint)]
  return {
    openapi: '3.1.0',
    info: {
      title: name,
      version,
      description: `Predicts ${signature.tensors ? 'tensors' : `\`${signature.label}\``}; every answer has an id that leads to its past.`,
    },
    servers: [{ url: server }],
    security: [{ token: [] }, {}],
    paths: {
      ...(predict && { [`/predict/${name}`]: predict }),
      [`/v2/models/${name}/infer`]: inferPath(endpoint),
      ...(invocations && { [`/endpoints/${name}/invocations`]: invocations }),
    },
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
      schemas: {
        ...(!signature.tensors && { Record: recordSchema(endpoint), Prediction: predictionSchema(signature) }),
        Error: errorSchema,
      },
      responses: {
        Error: {
          description: 'What is wrong, and what to do about it.',
          content: json({ $ref: '#/components/schemas/Error' }),
        },
      },
    },
  }
}

const json = (schema: Json, example?: unknown) => ({
  'application/json': { schema, ...(example !== undefined && { example }) },
})

const requestId = {
  name: 'x-request-id',
  in: 'header',
  schema: { type: 'string', maxLength: 190 },
  description: 'Becomes the id of the prediction; the same again, with the same records, gets the same answer.',
}

function operation(endpoint: DescribedEndpoint, id: string, summary: string, rest: Json) {
  return {
    post: {
      operationId: `${id}_${endpoint.name.replace(/\W/g, '_')}`,
      summary,
      parameters: [requestId],
      ...rest,
    },
  }
}

const refusals = { default: { $ref: '#/components/responses/Error' } }

function predictPath(endpoint: DescribedEndpoint) {
  const { signature } = endpoint
  const records = {
    type: 'object',
    required: ['records'],
    properties: {
      records: { type: 'array', minItems: 1, maxItems: 10_000, items: { $ref: '#/components/schemas/Record' } },
      ids: {
        type: 'array',
        items: { type: 'string', minLength: 1, maxLength: 200 },
        description: 'Your own prediction ids.',
      },
    },
  }
  const picture = { schema: { type: 'string', contentMediaType: 'image/jpeg' } }
  return operation(endpoint, 'predict', 'Answers records.', {
    requestBody: {
      required: true,
      content: {
        ...json(records, { records: [exampleRecord(endpoint)] }),
        ...(signature.image
          ? { 'image/jpeg': picture, 'image/png': { schema: { type: 'string', contentMediaType: 'image/png' } } }
          : { 'text/csv': { schema: { type: 'string' }, example: exampleCsv(endpoint) } }),
      },
    },
    responses: {
      200: {
        description: 'One prediction a record, in their order.',
        content: json({
          type: 'object',
          required: ['model', 'predictions'],
          properties: {
            model: { type: 'string' },
            predictions: { type: 'array', items: { $ref: '#/components/schemas/Prediction' } },
          },
        }),
      },
      ...refusals,
    },
  })
}

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
    required: [...(completes ? [] : signature.features.map(({ name }) => name)), ...time],
    properties: { ...Object.fromEntries(signature.features.map((one) => [one.name, featureSchema(one)])), ...times },
    additionalProperties: { type: ['string', 'number', 'boolean', 'null'] },
  }
}

function featureSchema({ kind, categories, required }: FeatureSpec): Json {
  const orMissing = (...types: string[]) => (required ? types : [...types, 'null'])
  if (kind === 'numeric') return { type: orMissing('number') }
  const known = categories?.slice(0, MOST_EXAMPLES) ?? []
  // Unless the model has no answer otherwise, a category that training did not see is answered, too.
  if (required && categories) return { enum: categories }
  return { type: orMissing('string', 'number', 'boolean'), ...(known.length > 0 && { examples: known }) }
}

function predictionSchema({ task, classes }: Signature): Json {
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

function inferPath(endpoint: DescribedEndpoint) {
  const { inputs, outputs } = endpoint.tensors
  return operation(endpoint, 'infer', 'Open Inference Protocol V2: tensors in, tensors out.', {
    requestBody: {
      required: true,
      content: json(
        {
          type: 'object',
          required: ['inputs'],
          properties: {
            id: { type: 'string', maxLength: 200 },
            inputs: { type: 'array', minItems: 1, items: { oneOf: inputs.map(tensorSchema) } },
            outputs: {
              type: 'array',
              items: {
                type: 'object',
                required: ['name'],
                properties: { name: { enum: outputs.map((one) => one.name) } },
              },
            },
          },
        },
        { inputs: inputs.map((one) => exampleTensor(one, endpoint.time)) },
      ),
    },
    responses: {
      200: {
        description: 'The outputs that were asked for, or all.',
        content: json({
          type: 'object',
          required: ['model_name', 'model_version', 'outputs'],
          properties: {
            model_name: { type: 'string' },
            model_version: { type: 'string' },
            id: { type: 'string' },
            outputs: { type: 'array', items: { oneOf: outputs.map(tensorSchema) } },
          },
        }),
      },
      default: {
        description: 'What is wrong, and what to do about it.',
        content: json({ type: 'object', required: ['error'], properties: { error: { type: 'string' } } }),
      },
    },
  })
}

const tensorSchema = ({ name, datatype, shape }: TensorSpec): Json => ({
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

/** A picture would be a long example. */
const MOST_VALUES = 16

function exampleTensor({ name, datatype, shape }: TensorSpec, time: readonly string[]) {
  const one = shape.map((size) => Math.max(1, size))
  const count = one.reduce((a, b) => a * b, 1)
  const place = time.indexOf(name)
  const value = place >= 0 ? timeExample(place) : datatype === 'BYTES' ? 'a' : datatype === 'BOOL' ? true : 0
  return { name, shape: one, datatype, data: new Array<unknown>(Math.min(count, MOST_VALUES)).fill(value) }
}

function invocationsPath(endpoint: DescribedEndpoint) {
  const { signature } = endpoint
  const example = exampleRecord(endpoint)
  const names = Object.keys(example)
  return operation(endpoint, 'invoke', 'MLflow’s scoring protocol.', {
    requestBody: {
      required: true,
      content: {
        ...json(
          {
            oneOf: ['dataframe_split', 'dataframe_records', 'instances', 'inputs'].map((format) => ({
              type: 'object',
              required: [format],
              properties: { [format]: { type: format === 'dataframe_split' ? 'object' : ['array', 'object'] } },
            })),
          },
          { dataframe_split: { columns: names, data: [names.map((column) => example[column])] } },
        ),
        'text/csv': { schema: { type: 'string' }, example: exampleCsv(endpoint) },
      },
    },
    responses: {
      200: {
        description: 'One prediction a row.',
        content: json({
          type: 'object',
          required: ['predictions'],
          properties: {
            predictions: {
              type: 'array',
              items: { type: signature.task === 'regression' ? 'number' : ['string', 'number'] },
            },
          },
        }),
      },
      default: {
        description: 'What is wrong, and what to do about it.',
        content: json({
          type: 'object',
          required: ['error_code', 'message'],
          properties: { error_code: { type: 'string' }, message: { type: 'string' } },
        }),
      },
    },
  })
}

function exampleRecord({ signature, time }: DescribedEndpoint): Record<string, unknown> {
  const features = signature.image
    ? [['picture', '…']]
    : signature.features.map(({ name, kind, categories }) => [name, kind === 'numeric' ? 0 : (categories?.[0] ?? 'a')])
  return Object.fromEntries([...time.map((column, place) => [column, timeExample(place)]), ...features])
}

/** A date or timestamp, then times of day. */
const timeExample = (place: number) => (place === 0 ? '2025-03-01T09:30:00Z' : '09:30')

function exampleCsv(endpoint: DescribedEndpoint): string {
  const record = exampleRecord(endpoint)
  const cell = (text: unknown) =>
    /[",\n]/.test(String(text)) ? `"${String(text).replaceAll('"', '""')}"` : String(text)
  return `${Object.keys(record).map(cell).join(',')}\n${Object.values(record).map(cell).join(',')}\n`
}

const errorSchema = {
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
