/** What the source has, what of it is here, and where they differ. Pure. */
import type { Artifact, KeptModel, KeptRun, PointSums } from '#tracking/contract'
import { sameSums } from './points.ts'
import type { Problem, SourceModel, SourceRun } from './source.ts'
import { linkTags, modelFrom, ownTags, parentOf, runFrom } from './translate.ts'

export const KINDS = [
  'experiments',
  'runs',
  'params',
  'tags',
  'metric points',
  'inputs and outputs',
  'logged models',
  'artifacts',
  'artifact bytes',
  'registered models',
  'model versions',
  'aliases',
] as const
export type Kind = (typeof KINDS)[number]

export interface Count {
  /** In the source. */
  source: number
  /** Of those, found here and the same. */
  here: number
  /** Of those, brought by this import. */
  brought: number
}

export interface Tally {
  readonly counts: Readonly<Record<Kind, Count>>
  readonly differences: readonly Problem[]
  add(kind: Kind, count: Partial<Count>): void
  differ(problem: Problem): void
  /** Whether anything was found wrong with it: `run 3f…`. */
  isTroubled(what: string): boolean
}

export function openTally(): Tally {
  const counts = Object.fromEntries(KINDS.map((kind) => [kind, { source: 0, here: 0, brought: 0 }])) as Tally['counts']
  const differences: Problem[] = []
  const troubled = new Set<string>()
  return {
    counts,
    differences,
    add: (kind, { source = 0, here = 0, brought = 0 }) => {
      const count = counts[kind]
      count.source += source
      count.here += here
      count.brought += brought
    },
    differ: (problem) => {
      differences.push(problem)
      troubled.add(problem.what.split(':')[0]!)
    },
    isTroubled: (what) => troubled.has(what),
  }
}

/** A file of the source: how many bytes, and its hash where they were read. */
export interface SeenFile {
  path: string
  size: number
  hash: string | undefined
}

/** Instead of the hash of a file that could not be read. */
export const UNREAD = 'unread'

/** What was read of a run at the source. */
export interface SeenRun {
  run: SourceRun
  sums: PointSums
  files: readonly SeenFile[]
  orphan: boolean
  experimentDeletedAt: number | null
  /** Where the run it is nested in has another id here. */
  parentHere: string | null
}

/** Compares a run with what is here of it, and counts both. @returns whether all of it is here */
export function compareRun(tally: Tally, seen: SeenRun, kept: KeptRun | undefined): boolean {
  const { run } = seen
  const what = `run ${run.id}`
  const expected = runFrom(run, seen)
  const links = linkTags(run)
  const own = Object.keys(run.tags)
  tally.add('runs', { source: 1 })
  tally.add('params', { source: Object.keys(run.params).length })
  tally.add('tags', { source: own.length })
  tally.add('metric points', { source: seen.sums.points })
  tally.add('inputs and outputs', { source: Object.keys(links).length })
  const filesAreHere = compareFiles(tally, what, seen.files, kept?.artifacts ?? [])
  if (!kept) {
    tally.differ({ what, reason: 'it is not here' })
    return false
  }
  const reasons: string[] = []
  const named = (kind: string, keys: readonly string[]) => {
    if (keys.length > 0) reasons.push(`${kind} ${keys.slice(0, 5).join(', ')}${keys.length > 5 ? ', …' : ''}`)
  }
  const missing = (wanted: Record<string, string>, here: Record<string, string>) =>
    Object.keys(wanted).filter((key) => here[key] !== wanted[key])
  const params = missing(run.params, kept.params)
  const tags = missing(ownTags(run), kept.tags)
  const parent = parentOf(run)
  if (parent !== null && kept.parent !== (seen.parentHere ?? parent) && kept.tags['mlflow.parentRunId'] !== parent)
    tags.push('mlflow.parentRunId')
  if (run.tags['mlflow.runName'] !== undefined && kept.name !== expected.name) tags.push('mlflow.runName')
  const lost = missing(links, kept.tags)
  named('params', params)
  named('tags', tags)
  named('inputs and outputs', lost)
  const pointsAreHere = compareSums(reasons, seen.sums, kept.sums)
  const info = infoDiffers(expected, kept)
  named('its', info)
  tally.add('runs', { here: info.length === 0 ? 1 : 0 })
  tally.add('params', { here: Object.keys(run.params).length - params.length })
  tally.add('tags', { here: own.length - tags.length })
  tally.add('inputs and outputs', { here: Object.keys(links).length - lost.length })
  tally.add('metric points', { here: pointsAreHere ? seen.sums.points : Math.min(seen.sums.points, kept.sums.points) })
  if (reasons.length > 0) tally.differ({ what, reason: `it differs here: ${reasons.join('; ')}` })
  return reasons.length === 0 && filesAreHere
}

/** More points here than there were logged since; as many have to be the same. */
function compareSums(reasons: string[], source: PointSums, here: PointSums): boolean {
  if (here.points > source.points || sameSums(source, here)) return true
  reasons.push(
    here.points === source.points ? 'the values of its metrics' : `${source.points - here.points} points of metrics`,
  )
  return false
}

function infoDiffers(expected: ReturnType<typeof runFrom>, kept: KeptRun): string[] {
  const differing: string[] = []
  const wentOn = expected.state === 'running'
  if (kept.startedAt !== expected.startedAt) differing.push('start')
  if (kept.state !== expected.state && !wentOn) differing.push('state')
  if (kept.endedAt !== expected.endedAt && !wentOn) differing.push('end')
  return differing
}

function compareFiles(tally: Tally, what: string, files: readonly SeenFile[], here: readonly Artifact[]): boolean {
  const byPath = new Map(here.map((artifact) => [artifact.path, artifact]))
  const found = files.filter(({ path, size, hash }) => {
    const artifact = byPath.get(path)
    return artifact !== undefined && artifact.size === size && (hash === undefined || artifact.hash === hash)
  })
  const bytes = (some: readonly SeenFile[]) => some.reduce((sum, file) => sum + file.size, 0)
  // What could not be read was named when that was tried.
  for (const file of files)
    if (!found.includes(file) && file.hash !== UNREAD)
      tally.differ({ what: `${what}: artifact ${file.path}`, reason: 'it is not here as it is there' })
  tally.add('artifacts', { source: files.length, here: found.length })
  tally.add('artifact bytes', { source: bytes(files), here: bytes(found) })
  return found.length === files.length
}

/** @returns whether all of it is here */
export function compareModel(
  tally: Tally,
  model: SourceModel,
  files: readonly SeenFile[],
  kept: KeptModel | undefined,
): boolean {
  const what = `logged model ${model.id}`
  tally.add('logged models', { source: 1 })
  const filesAreHere = compareFiles(tally, what, files, kept?.artifacts ?? [])
  if (!kept) {
    tally.differ({ what, reason: 'it is not here' })
    return false
  }
  const { params, tags, name, type, status } = modelFrom(model, new Map())
  const same =
    [name === kept.name, type === kept.type, status === kept.status].every(Boolean) &&
    Object.entries(params).every(([key, value]) => kept.params[key] === value) &&
    Object.entries(tags).every(([key, value]) => kept.tags[key] === value)
  tally.add('logged models', { here: same ? 1 : 0 })
  if (!same) tally.differ({ what, reason: 'it differs here: its params, tags, type or status' })
  return same && filesAreHere
}
