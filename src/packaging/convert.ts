import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { lockedPython } from '#pipelines'
import { describeError } from '#platform/errors'
import { runCommand } from '#platform/process'
import { type FeatureSpec, GraphInput, Signature } from '#runtime/contract'
import { ModelNotConvertible, RequirementsNotLocked } from './errors.ts'
import type { ConvertedFlavor, InputColumn, LoggedFormat } from './mlmodel.ts'
import { TOLERANCE } from './parity.ts'

const MINUTES = 60_000
const MEMORY_MB = 8_192
const CPU_SECONDS = 600
const LARGEST_ANSWER = 4 * 1024 * 1024
const LARGEST_ONNX = 2 * 1024 ** 3 - 1

const SCRIPT = fileURLToPath(new URL('./python/convert.py', import.meta.url))

interface Watched {
  signal: AbortSignal
  onLine: (line: string) => void
}

/**
 * The exact packages that satisfy a model's requirements and the converters. Wheels only: building a package would run its
 * code here, before the model is in a process of its own.
 *
 * @throws RequirementsNotLocked
 */
export async function lockRequirements(
  requirements: string,
  { folder, python, ...watched }: { folder: string; python: string | null } & Watched,
): Promise<string> {
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'requirements.in'), requirements)
  const version = python === null ? '' : ` --python-version ${python}`
  const command = `uv pip compile --quiet --only-binary :all: --emit-build-options --no-header --no-annotate${version} --output-file requirements.lock requirements.in`
  await runCommand(command, { folder, env: {}, timeoutMs: 10 * MINUTES, ...watched }).catch((error) => {
    watched.signal.throwIfAborted()
    throw new RequirementsNotLocked(describeError(error))
  })
  return readFile(join(folder, 'requirements.lock'), 'utf8')
}

/** What the script in Python leaves; it ran somebody's code, so it is checked as what comes from outside. */
const Answer = z.union([
  z.object({ refused: z.string() }),
  z.object({
    task: Signature.shape.task,
    classes: z.array(z.string()).max(10_000),
    required: z.array(z.boolean()),
    inputs: z.array(GraphInput),
    output: z.string(),
    estimator: z.string(),
    versions: z.record(z.string(), z.string()),
  }),
])

export interface Converted {
  signature: Signature
  /** Files that were left. */
  onnx: string
  requests: string
  estimator: string
  versions: Record<string, string>
}

/**
 * Loads a logged model in a Python process of its locked environment, and converts it there. The process has none of the
 * server's variables, ends with it, and is limited in time and memory; the model is never loaded anywhere else.
 *
 * @param options.model the folder with the model's files
 * @throws ModelNotConvertible, EnvironmentNotMade
 */
export async function convertModel(
  format: LoggedFormat & { flavor: ConvertedFlavor },
  {
    lock,
    folder,
    model,
    environments,
    ...watched
  }: {
    lock: string
    folder: string
    model: string
    environments: string
  } & Watched,
): Promise<Converted> {
  const out = join(folder, 'out')
  for (const made of [out, environments]) await mkdir(made, { recursive: true })
  const lockFile = join(folder, 'environment.lock')
  await writeFile(lockFile, lock)
  watched.onLine('making the Python environment of the model')
  const { env } = await lockedPython(lockFile, {
    folder: environments,
    ...watched,
    ...(format.python !== null && { python: format.python }),
  })
  const order = join(folder, 'order.json')
  await writeFile(order, JSON.stringify(orderOf(format, model, out)))
  await runCommand('"$VIRTUAL_ENV/bin/python" -I "$SCRIPT" "$ORDER"', {
    folder,
    bare: true,
    env: { ...env, SCRIPT, ORDER: order, HOME: folder, TMPDIR: folder, MLFLOW_DISABLE_TELEMETRY: 'true' },
    timeoutMs: 15 * MINUTES,
    ...watched,
  })
  return takeAnswer(format, out)
}

const orderOf = ({ flavor, columns, dtype, example }: LoggedFormat, model: string, out: string) => ({
  ...{ flavor, columns, dtype, model, out, tolerance: TOLERANCE },
  example: example === null ? null : join(model, example),
  memoryMb: MEMORY_MB,
  cpuSeconds: CPU_SECONDS,
})

async function takeAnswer({ columns, label }: LoggedFormat, out: string): Promise<Converted> {
  const answer = Answer.safeParse(await readAnswer(join(out, 'answer.json')))
  if (!answer.success) throw new ModelNotConvertible('its process left an answer that is none')
  if ('refused' in answer.data) throw new ModelNotConvertible(answer.data.refused.slice(0, 1_000))
  const { task, classes, required, inputs, output, estimator, versions } = answer.data
  const onnx = join(out, 'model.onnx')
  const requests = join(out, 'requests.jsonl')
  for (const file of [onnx, requests]) {
    const left = await stat(file).catch(() => undefined)
    if (!left?.isFile() || left.size > LARGEST_ONNX) throw new ModelNotConvertible('its process left no package')
  }
  const features = columns.map((column, i) => featureOf(column, required[i] !== false))
  return {
    signature: { task, classes, features, label, graph: { inputs, output } },
    onnx,
    requests,
    estimator,
    versions,
  }
}

async function readAnswer(path: string): Promise<unknown> {
  const left = await stat(path).catch(() => undefined)
  if (!left?.isFile() || left.size > LARGEST_ANSWER) return undefined
  try {
    return JSON.parse(await readFile(path, 'utf8'))
  } catch {
    return undefined
  }
}

/** Truth values are categories by their text. */
function featureOf({ name, type }: InputColumn, required: boolean): FeatureSpec {
  const needed = required && { required }
  if (type === 'boolean') return { name, kind: 'categorical', categories: ['false', 'true'], ...needed }
  return { name, kind: type === 'string' ? 'categorical' : 'numeric', ...needed }
}
