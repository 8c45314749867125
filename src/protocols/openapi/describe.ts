import { exampleCsv, exampleRecord, exampleTensor } from './examples.ts'
import {
  type DescribedEndpoint,
  errorSchema,
  type Json,
  predictionSchema,
  recordSchema,
  tensorSchema,
} from './schemas.ts'

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
      parameters: [requestId, ...headersOf(endpoint)],
      ...rest,
    },
  }
}

/** Headers that a composed model reads. */
const headersOf = ({ signature }: DescribedEndpoint) =>
  [...new Map(signature.features.flatMap(({ header, name }) => (header ? [[header, name] as const] : [])))].map(
    ([header, column]) => ({
      ...{ name: header, in: 'header', schema: { type: 'string', maxLength: 200 } },
      description: `Becomes the column \`${column}\`, which decides who answers.`,
    }),
  )

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
