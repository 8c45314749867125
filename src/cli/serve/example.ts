import type { TensorSpec } from '#runtime/contract'
import type { FileModels } from './file-models.ts'

/** Any size is shown as one. */
const sizeOf = (size: number) => (size < 0 ? 1 : size)
/** A picture would not fit on a line. */
const MOST_VALUES = 64

/** Commands to try, for the first model that answers. */
export async function exampleOf(models: FileModels, url: string): Promise<string[]> {
  const [first] = (await models.index()).filter(({ state }) => state === 'READY')
  if (!first) return []
  const { inputs } = await models.model(first.name, undefined, { name: '', roles: [] })
  const lines = [`curl ${url}/v2/models/${first.name}`]
  const small = inputs.every(({ shape }) => shape.map(sizeOf).reduce((a, b) => a * b, 1) <= MOST_VALUES)
  if (!small) return lines
  const body = JSON.stringify({ inputs: inputs.map(inputOf) })
  return [
    ...lines,
    `curl ${url}/v2/models/${first.name}/infer -H 'content-type: application/json' -d '${body}'`,
    `curl ${url}/predict/${first.name} -H 'content-type: application/json' -d '${JSON.stringify({
      records: [Object.fromEntries(inputs.map((input) => [input.name, cellOf(input)]))],
    })}'`,
  ]
}

function inputOf({ name, datatype, shape }: TensorSpec) {
  const whole = shape.map(sizeOf)
  const count = whole.reduce((a, b) => a * b, 1)
  return { name, shape: whole, datatype, data: new Array<unknown>(count).fill(sampleOf({ datatype })) }
}

/** One row of an input: a value, or a list of them. */
function cellOf({ datatype, shape }: TensorSpec): unknown {
  return shape
    .slice(1)
    .map(sizeOf)
    .reduceRight<unknown>(
      (inner, size) => (size === 1 && !Array.isArray(inner) ? inner : Array(size).fill(inner)),
      sampleOf({ datatype }),
    )
}

const sampleOf = ({ datatype }: Pick<TensorSpec, 'datatype'>) =>
  datatype === 'BYTES' ? 'a' : datatype === 'BOOL' ? true : datatype.startsWith('FP') ? 0.5 : 1
