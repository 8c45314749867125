/** The addresses that a version may be registered from. Pure, apart from asking the rooms what an address means. */
import type { LoggedModel } from '#tracking'
import { SourceInvalid } from './errors.ts'
import type { RegistryNeeds } from './needs.ts'

/** `models:/m-1`, `models:/name/3`, `models:/name@alias`, `models:/name/Production`, `models:/name/latest`. */
export type ModelUri =
  | { kind: 'logged'; id: string }
  | { kind: 'version'; name: string; version: number }
  | { kind: 'alias'; name: string; alias: string }
  /** `latest`, or the newest in a stage. */
  | { kind: 'stage'; name: string; stage: string }

/** @throws SourceInvalid */
export function parseModelUri(uri: string): ModelUri {
  const path = /^models:\/+(?<path>.+)$/s.exec(uri)?.groups?.path
  if (path === undefined || /^models:\/\/[^/]/.test(uri)) throw improper(uri)
  const [name = '', suffix, ...more] = path.split('/')
  if (name.trim() === '' || more.length > 0 || suffix?.trim() === '') throw improper(uri)
  if (suffix !== undefined) {
    if (/^\d{1,9}$/.test(suffix)) return { kind: 'version', name, version: Number(suffix) }
    return { kind: 'stage', name, stage: suffix }
  }
  const at = name.lastIndexOf('@')
  if (at < 0) return { kind: 'logged', id: name }
  const alias = name.slice(at + 1)
  if (at === 0 || alias.trim() === '') throw improper(uri)
  return { kind: 'alias', name: name.slice(0, at), alias }
}

const improper = (uri: string) =>
  new SourceInvalid(
    uri,
    "Models URIs must be of the form 'models:/name/version', 'models:/name@alias' or 'models:/id'.",
  )

/** Where the files of a logged model lie, as clients ask this server for them. */
export const placeOfLoggedModel = ({ experiment, id }: LoggedModel) =>
  `mlflow-artifacts:/${experiment}/models/${id}/artifacts`

export interface ClaimedSource {
  source: string
  run: string | null
  loggedModel: string | null
}

/**
 * Checks that a source is what it claims to be: a place of the run or of the logged model that the request names, or an
 * address outside of this server. A path of a machine is neither.
 *
 * @throws SourceInvalid
 */
export async function checkSource(
  tracking: RegistryNeeds['tracking'],
  { source, run, loggedModel }: ClaimedSource,
): Promise<void> {
  const wrong = (what: 'run_id' | 'model_id') =>
    new SourceInvalid(source, `The ${what} request parameter must identify the resource that contains the source.`)
  const scheme = schemeOf(source)
  if (scheme === undefined || scheme === 'file')
    throw new SourceInvalid(source, 'A path of a machine is no source: the files must be on this server or in a store.')
  checkNoStepsUp(source)
  const owner = loggedModel === null ? 'run_id' : 'model_id'
  if (scheme === 'models') {
    const uri = parseModelUri(source)
    if (uri.kind === 'logged' && uri.id !== loggedModel) throw wrong('model_id')
  }
  if (scheme === 'runs') {
    const of = /^runs:\/+(?<run>[^/]+)\/.+$/s.exec(source)?.groups?.run
    if (/^runs:\/\/[^/]/.test(source) || of === undefined || loggedModel !== null || of !== run) throw wrong(owner)
    await tracking.run(of).catch(() => {
      throw wrong('run_id')
    })
  }
  if (isArtifactPlace(source)) {
    const root = await rootOf(tracking, run, loggedModel)
    if (root === undefined || !isWithin(source, root)) throw wrong(owner)
  }
}

async function rootOf(
  tracking: RegistryNeeds['tracking'],
  run: string | null,
  loggedModel: string | null,
): Promise<string | undefined> {
  if (loggedModel !== null) return tracking.loggedModel(loggedModel).then(placeOfLoggedModel, () => undefined)
  if (run === null) return undefined
  return tracking.run(run).then(
    ({ experimentId, id }) => `mlflow-artifacts:/${experimentId}/${id}/artifacts`,
    () => undefined,
  )
}

/** More than one letter: `C:` is a drive. */
const schemeOf = (uri: string) => /^(?<scheme>[a-z][a-z0-9+.-]+):/i.exec(uri)?.groups?.scheme?.toLowerCase()

function checkNoStepsUp(source: string): void {
  const plain = decoded(source)
  if (plain.includes('\u0000') || plain.split(/[/\\]/).includes('..'))
    throw new SourceInvalid(source, 'It steps out of its folder; give an absolute address.')
}

const isArtifactPlace = (uri: string) =>
  /^mlflow-artifacts:/i.test(uri) || /^https?:\/\/.*\/api\/2\.0\/mlflow-artifacts\/artifacts(\/|$)/i.test(uri)

/** Part by part, so that `…/run-1` does not contain `…/run-10`. */
function isWithin(uri: string, root: string): boolean {
  const parts = (of: string) =>
    decoded(of.replace(/^mlflow-artifacts:\/*/i, ''))
      .split('/')
      .filter(Boolean)
  const outer = parts(root)
  const inner = parts(uri)
  return outer.every((part, i) => inner[i] === part)
}

/** As often as it was encoded: a client may decode once more. */
function decoded(text: string): string {
  try {
    const once = decodeURIComponent(text)
    return once === text ? text : decoded(once)
  } catch {
    // A lone % is part of a name.
    return text
  }
}
