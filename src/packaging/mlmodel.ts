/** What the file `MLmodel` says of a logged model. Somebody else wrote it: nothing of it is believed before it is checked. */
import { parse } from 'yaml'
import { z } from 'zod'
import { ModelFilesUnfit, ModelNotConvertible } from './errors.ts'

export const CONVERTED_FLAVORS = ['sklearn', 'lightgbm', 'xgboost'] as const
export type ConvertedFlavor = (typeof CONVERTED_FLAVORS)[number]

/** A column as the model was logged with it, in the words of MLflow's signatures. */
export const InputColumn = z.object({
  name: z.string().min(1).max(500),
  type: z.enum(['integer', 'long', 'float', 'double', 'boolean', 'string']),
})
export type InputColumn = z.infer<typeof InputColumn>

export interface LoggedFormat {
  /** `python_function`: nothing converts it, so Python answers for it. */
  flavor: 'onnx' | ConvertedFlavor | 'python_function'
  /** The ONNX file, of that flavor. */
  onnx: string | null
  /** The Python it was made with: `3.11`. */
  python: string | null
  columns: InputColumn[]
  /** The type of the one matrix that the model takes in place of columns. */
  dtype: string | null
  /** What the answer is called. */
  label: string
  /** Rows that were logged with the model. */
  example: string | null
}

const LARGEST_FILE = 1024 * 1024
const MOST_COLUMNS = 2_000
/** The file has no use for YAML's aliases; a few are harmless, many are a way to fill the memory. */
const MOST_ALIASES = 10

const MlModel = z.object({
  flavors: z.record(z.string(), z.record(z.string(), z.unknown())),
  signature: z.object({ inputs: z.string().nullish(), outputs: z.string().nullish() }).nullish(),
  saved_input_example_info: z.object({ artifact_path: z.string() }).nullish(),
})

const TensorSpec = z.object({ dtype: z.string(), shape: z.array(z.int()) })
const Input = z.union([
  z.object({ type: z.literal('tensor'), name: z.string().optional(), 'tensor-spec': TensorSpec }),
  z.object({ type: z.string(), name: z.string().optional() }),
])
type Input = z.infer<typeof Input>

const NUMERIC_DTYPES: Record<string, InputColumn['type']> = {
  float32: 'float',
  float64: 'double',
  int32: 'integer',
  int64: 'long',
}

/** @throws ModelFilesUnfit, ModelNotConvertible */
export function readMlModel(text: string): LoggedFormat {
  const found = MlModel.safeParse(parsed(text))
  if (!found.success) throw new ModelFilesUnfit(`MLmodel is not in the format of MLflow (${firstIssue(found.error)})`)
  const { flavors, signature, saved_input_example_info: example } = found.data
  const flavor = flavorOf(flavors)
  const own = flavors[flavor]!
  return {
    flavor,
    onnx: flavor === 'onnx' ? fileNamed(own.data, 'model.onnx') : null,
    python: pythonOf(flavors.python_function?.python_version),
    ...inputsOf(signature?.inputs),
    label: labelOf(signature?.outputs),
    example: example ? fileNamed(example.artifact_path, '') : null,
  }
}

function parsed(text: string): unknown {
  if (text.length > LARGEST_FILE) throw new ModelFilesUnfit('MLmodel is larger than 1 MiB')
  try {
    return parse(text, { maxAliasCount: MOST_ALIASES })
  } catch (error) {
    throw new ModelFilesUnfit(
      `MLmodel is no YAML that can be read (${String((error as Error).message).split('\n')[0]})`,
    )
  }
}

function flavorOf(flavors: Readonly<Record<string, unknown>>): LoggedFormat['flavor'] {
  const known = (['onnx', ...CONVERTED_FLAVORS] as const).find((name) => name in flavors)
  if (known) return known
  if ('python_function' in flavors) return 'python_function'
  throw new ModelNotConvertible(`its flavor is ${Object.keys(flavors).slice(0, 3).join(', ') || 'none'}`)
}

/** A file of the model's own folder, wherever the name in the file leads. */
function fileNamed(name: unknown, otherwise: string): string {
  const file = typeof name === 'string' && name !== '' ? name : otherwise
  if (file.startsWith('/') || file.includes('\\') || file.split('/').includes('..'))
    throw new ModelFilesUnfit(`MLmodel names a file outside of the model (${file.slice(0, 100)})`)
  return file
}

const pythonOf = (version: unknown) => /^(3\.\d{1,2})(\.|$)/.exec(String(version ?? ''))?.[1] ?? null

function inputsOf(text: string | null | undefined): Pick<LoggedFormat, 'columns' | 'dtype'> {
  if (!text)
    throw new ModelFilesUnfit('it was logged without a signature, so nobody knows what it takes (see infer_signature)')
  const inputs = signaturePart(text)
  const [only] = inputs
  if (inputs.length === 1 && only && 'tensor-spec' in only && (only.name === undefined || isWide(only)))
    return matrixOf(only['tensor-spec'])
  const columns = inputs.map((input, i) => columnOf(input, i))
  const repeated = columns.find((column, i) => columns.findIndex(({ name }) => name === column.name) !== i)
  if (repeated) throw new ModelFilesUnfit(`two of its columns are called "${repeated.name}"`)
  return { columns, dtype: null }
}

const isWide = ({ 'tensor-spec': { shape } }: { 'tensor-spec': z.infer<typeof TensorSpec> }) =>
  shape.length === 2 && shape[1] !== 1

function signaturePart(text: string): Input[] {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new ModelFilesUnfit('its signature is no JSON')
  }
  const found = z.array(Input).min(1).max(MOST_COLUMNS).safeParse(value)
  if (!found.success) throw new ModelFilesUnfit(`its signature cannot be read (${firstIssue(found.error)})`)
  return found.data
}

/** A matrix has no names: its columns are called by their place, `x0`, `x1`, … */
function matrixOf({ dtype, shape }: z.infer<typeof TensorSpec>): Pick<LoggedFormat, 'columns' | 'dtype'> {
  const type = NUMERIC_DTYPES[dtype]
  const width = shape[1]
  if (!type || shape.length !== 2 || width === undefined || width < 1 || width > MOST_COLUMNS)
    throw new ModelNotConvertible(
      `it takes a tensor of ${dtype} [${shape.join(', ')}], where rows of columns are served`,
    )
  return { columns: Array.from({ length: width }, (_, i) => ({ name: `x${i}`, type })), dtype }
}

function columnOf(input: Input, i: number): InputColumn {
  const name = input.name ?? `x${i}`
  const type = 'tensor-spec' in input ? typeOfTensor(input['tensor-spec']) : input.type
  const column = InputColumn.safeParse({ name, type })
  if (!column.success) throw new ModelNotConvertible(`its column "${name.slice(0, 100)}" is of type ${input.type}`)
  return column.data
}

function typeOfTensor({ dtype, shape }: z.infer<typeof TensorSpec>): string {
  const isColumn = shape.length === 1 || (shape.length === 2 && shape[1] === 1)
  return (
    (isColumn && (NUMERIC_DTYPES[dtype] ?? { object: 'string', str: 'string', bool: 'boolean' }[dtype])) || 'tensor'
  )
}

function labelOf(text: string | null | undefined): string {
  if (!text) return 'prediction'
  const [first] = signaturePart(text)
  return first?.name?.slice(0, 200) || 'prediction'
}

const firstIssue = (error: z.ZodError) => {
  const [issue] = error.issues
  return issue ? `${issue.path.join('.') || 'at the top'}: ${issue.message}`.slice(0, 200) : 'unknown'
}
