import { readFile } from 'node:fs/promises'
import { join, resolve, sep } from 'node:path'
import { parse } from 'yaml'
import { z } from 'zod'
import type { MlprojectRun } from '#projects'
import { MlprojectInvalid } from './errors.ts'

/*
 * MLflow's project files: what `mlflow run` would start, as the command line of a step.
 * https://mlflow.org/docs/latest/ml/projects
 */

const Parameter = z.union([
  z.enum(['string', 'float', 'path', 'uri']).transform((type) => ({ type, default: undefined })),
  z.object({
    type: z.enum(['string', 'float', 'path', 'uri']).default('string'),
    default: z.union([z.string(), z.number(), z.boolean()]).transform(String).optional(),
  }),
])
type Parameter = z.output<typeof Parameter>

const File = z.object({
  name: z.string().optional(),
  python_env: z.string().optional(),
  conda_env: z.string().optional(),
  docker_env: z.unknown().optional(),
  entry_points: z
    .record(z.string(), z.object({ command: z.string(), parameters: z.record(z.string(), Parameter).default({}) }))
    .default({}),
})

/** A project file with its entry point chosen. */
export interface MlprojectCommand {
  /** For a POSIX shell, every value quoted. */
  command: string
  folder: string
  /** The file that names its packages, if it is one of `python_env.yaml`'s kind. */
  pythonEnv: string | undefined
}

const LARGEST = 1_000_000

/**
 * What `mlflow run <folder> -e <entry point> -P …` would start.
 *
 * @throws MlprojectInvalid
 */
export async function readMlproject(projectFolder: string, run: MlprojectRun): Promise<MlprojectCommand> {
  const folder = resolve(projectFolder, run.mlproject)
  const path = join(folder, 'MLproject')
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    // As for the original, a folder without the file is a project: its entry points are its programs.
    if (error.code === 'ENOENT') return ''
    throw new MlprojectInvalid(path, `it cannot be read (${error.code})`)
  })
  if (text.length > LARGEST) throw new MlprojectInvalid(path, `it has more than ${LARGEST} characters`)
  const file = fileFrom(path, text)
  if (file.docker_env !== undefined || file.conda_env !== undefined)
    throw new MlprojectInvalid(
      path,
      `it wants ${file.docker_env === undefined ? 'conda' : 'Docker'}`,
      'Write its packages as python_env.yaml or as requirements.lock, and name that with `environment`.',
    )
  const pythonEnv = file.python_env === undefined ? undefined : inside(path, folder, file.python_env)
  return { command: commandOf(path, folder, file, run), folder, pythonEnv }
}

function fileFrom(path: string, text: string): z.output<typeof File> {
  let written: unknown
  try {
    written = parse(text, { maxAliasCount: 100 }) ?? {}
  } catch (error) {
    throw new MlprojectInvalid(path, `it is no YAML: ${(error as Error).message}`)
  }
  const result = File.safeParse(written)
  if (result.success) return result.data
  const [issue] = result.error.issues
  throw new MlprojectInvalid(path, `${issue!.path.join('.') || 'the file'}: ${issue!.message}`)
}

/** Programs that may be an entry point under their own name, and what runs them. */
const RUNNERS: Readonly<Record<string, string>> = { '.py': 'python', '.sh': 'sh' }

function commandOf(path: string, folder: string, file: z.output<typeof File>, run: MlprojectRun): string {
  const { entry_point: name, parameters } = run
  const entry = file.entry_points[name]
  if (entry) return filled(path, folder, name, entry, parameters)
  const runner = RUNNERS[/\.[a-z]+$/.exec(name)?.[0] ?? '']
  if (!runner)
    throw new MlprojectInvalid(
      path,
      `it has no entry point "${name}"`,
      `Name one of ${Object.keys(file.entry_points).join(', ') || 'its .py or .sh files'} as entry_point.`,
    )
  return [runner, quoted(name), ...asArguments(parameters)].join(' ')
}

function filled(
  path: string,
  folder: string,
  name: string,
  entry: { command: string; parameters: Record<string, Parameter> },
  given: Readonly<Record<string, string>>,
): string {
  const values = new Map<string, string>()
  for (const [key, parameter] of Object.entries(entry.parameters)) {
    const value = given[key] ?? parameter.default
    if (value === undefined)
      throw new MlprojectInvalid(path, `entry point "${name}" needs a value of "${key}"`, `Write it under parameters.`)
    values.set(key, quoted(checkedValue(path, folder, key, parameter.type, value)))
  }
  // The brackets of Python's str.format: {{ and }} stand for one bracket.
  const command = entry.command.replace(/\{\{|\}\}|\{([^{}]*)\}/g, (found, key: string | undefined) => {
    if (key === undefined) return found[0]!
    const value = values.get(key)
    if (value === undefined)
      throw new MlprojectInvalid(path, `the command of "${name}" asks for {${key}}, which is none of its parameters`)
    return value
  })
  const others = Object.entries(given).filter(([key]) => !(key in entry.parameters))
  return [command, ...asArguments(Object.fromEntries(others))].join(' ')
}

/** What the entry point does not know goes to the program as it is. */
const asArguments = (parameters: Readonly<Record<string, string>>) =>
  Object.entries(parameters).flatMap(([key, value]) => [`--${quoted(key)}`, quoted(value)])

function checkedValue(path: string, folder: string, key: string, type: Parameter['type'], value: string): string {
  if (type === 'float' && !Number.isFinite(Number(value)))
    throw new MlprojectInvalid(path, `parameter "${key}" is "${value}" and has to be a number`)
  if (type === 'path' && !/^[a-z][a-z0-9+.-]*:/i.test(value)) return resolve(folder, value)
  return value
}

/** As one word of a POSIX shell. */
export const quoted = (text: string) => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'"'"'`)}'`)

function inside(path: string, folder: string, file: string): string {
  const place = resolve(folder, file)
  if (!place.startsWith(`${resolve(folder)}${sep}`)) throw new MlprojectInvalid(path, `${file} lies outside of it`)
  return place
}
