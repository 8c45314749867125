import { keptEnvironments } from '#pipelines'
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { runCommand } from '#platform/process'
import { PYTHON_SERVER, type PythonModel, writeBundle } from '#runtime'
import { type FeatureSpec, type GraphInput, Signature, type TensorSpec } from '#runtime/contract'
import { ModelNotConvertible } from './errors.ts'
import type { InputColumn, LoggedFormat } from './mlmodel.ts'
import { drawRecords, exampleRecords } from './sample-rows.ts'

const MINUTES = 60_000
const MEMORY_MB = 8_192
const CPU_SECONDS = 600
const LARGEST_BUNDLE = 1024 ** 3

/** What the script left; it ran somebody's code, so it is checked as what comes from outside. */
const Described = z.union([
  z.object({ refused: z.string() }),
  z.object({
    task: Signature.shape.task,
    classes: z.array(z.string()).max(10_000),
    gives: z.enum(['value', 'positive', 'probabilities', 'label']),
    /** It has no answer to a number that is missing. */
    required: z.boolean(),
  }),
])

/** How a column travels to Python. Whole numbers and truth values have no form for "missing" there. */
const TRAVELS: Record<InputColumn['type'], [GraphInput['type'], TensorSpec['datatype']]> = {
  integer: ['int64', 'INT64'],
  long: ['int64', 'INT64'],
  float: ['float32', 'FP32'],
  double: ['float64', 'FP64'],
  boolean: ['bool', 'BOOL'],
  string: ['string', 'BYTES'],
}

export interface TakenPythonModel {
  signature: Signature
  /** Files that were left. */
  package: string
  requests: string
}

/**
 * Makes the package of a model that nothing converts: its files and the lock of its environment, with rows that were asked in
 * Python. The model is loaded in a process of that environment only.
 *
 * @param options.model the folder with the model's files
 * @throws ModelNotConvertible, EnvironmentNotMade
 */
export async function takePythonModel(
  format: LoggedFormat,
  options: {
    lock: string
    folder: string
    model: string
    environments: string
    task: Signature['task'] | null
    classes: string[] | null
    signal: AbortSignal
    onLine: (line: string) => void
  },
): Promise<TakenPythonModel> {
  const { lock, folder, model, environments, task, classes, signal, onLine } = options
  onLine('making the Python environment of the model')
  const env = await keptEnvironments(environments)(lock, format.python)
  const columns = format.columns.map((column) => featureOf(column, false))
  const example =
    format.example === null ? [] : exampleRecords(await readFile(join(model, format.example), 'utf8'), columns)
  const requests = join(folder, 'requests.jsonl')
  const answer = join(folder, 'answer.json')
  const order = join(folder, 'order.json')
  const records = [...example, ...drawRecords(columns, example)].map((record) => roundedAs(format.columns, record))
  const types = Object.fromEntries(format.columns.map(({ name, type }) => [name, type]))
  await writeFile(
    order,
    JSON.stringify({
      ...{ model, records, types, dtype: format.dtype, task, classes, requests, answer },
      ...{ memoryMb: MEMORY_MB, cpuSeconds: CPU_SECONDS },
    }),
  )
  onLine('asking the model in Python')
  await runCommand('"$VIRTUAL_ENV/bin/python" -I "$SCRIPT" describe "$ORDER"', {
    ...{ folder, bare: true, timeoutMs: 15 * MINUTES, signal, onLine },
    env: {
      ...env,
      SCRIPT: PYTHON_SERVER,
      ORDER: order,
      HOME: folder,
      TMPDIR: folder,
      MLFLOW_DISABLE_TELEMETRY: 'true',
    },
  })
  const described = Described.safeParse(await readFile(answer, 'utf8').then(JSON.parse, () => undefined))
  if (!described.success) throw new ModelNotConvertible('its process left an answer that is none')
  if ('refused' in described.data) throw new ModelNotConvertible(described.data.refused.slice(0, 1_000))
  if ((await stat(requests)).size === 0)
    throw new ModelNotConvertible('it answers none of the rows of its signature with a number')

  const { required } = described.data
  const features = format.columns.map((column) => featureOf(column, required))
  const output = described.data.task === 'regression' ? ('prediction' as const) : ('probabilities' as const)
  const manifest: PythonModel = {
    ...{ kind: 'python', model: 'model', lock, python: format.python, dtype: format.dtype },
    inputs: format.columns.map(({ name, type }) => ({ name, type, datatype: TRAVELS[type][1], shape: [-1, 1] })),
    output: { name: output, gives: described.data.gives, classes: described.data.classes },
  }
  const bundle = join(folder, 'model.bundle')
  await writeFile(bundle, writeBundle({ manifest, files: await contentsOf(model) }))
  return {
    package: bundle,
    requests,
    signature: {
      ...{ task: described.data.task, classes: described.data.classes, features, label: format.label },
      graph: {
        inputs: format.columns.map(({ name, type }) => ({ name, type: TRAVELS[type][0], features: [name] })),
        output,
      },
    },
  }
}

/** @throws ModelNotConvertible when they are more than a package may hold */
async function contentsOf(folder: string): Promise<Map<string, Uint8Array>> {
  const contents = new Map<string, Uint8Array>()
  let bytes = 0
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    bytes += (await stat(path)).size
    if (bytes > LARGEST_BUNDLE) throw new ModelNotConvertible('its files are more than 1 GiB')
    contents.set(`model${path.slice(folder.length).replaceAll('\\', '/')}`, await readFile(path))
  }
  return contents
}

/** Truth values are categories by their text. */
function featureOf({ name, type }: InputColumn, required: boolean): FeatureSpec {
  if (type === 'boolean') return { name, kind: 'categorical', categories: ['false', 'true'], required: true }
  if (type === 'string') return { name, kind: 'categorical' }
  return { name, kind: 'numeric', ...((required || (type !== 'float' && type !== 'double')) && { required: true }) }
}

/** A whole number is asked as one. */
function roundedAs<Row extends Readonly<Record<string, unknown>>>(columns: readonly InputColumn[], record: Row): Row {
  const rounded: Record<string, unknown> = { ...record }
  for (const { name, type } of columns)
    if ((type === 'integer' || type === 'long') && typeof rounded[name] === 'number')
      rounded[name] = Math.round(rounded[name])
  return rounded as Row
}
