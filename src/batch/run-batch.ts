import { availableParallelism } from 'node:os'
import { stat } from 'node:fs/promises'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import type { JobContext } from '#platform/jobs'
import { runInChild } from '#platform/process'
import { takesRecords } from '#runtime/contract'
import type { WeightedVersion } from '#deployments/contract'
import { scorerOf } from './committee.ts'
import type { BatchOutcome, BatchRequest } from './contract.ts'
import { BatchInputInvalid, BatchModelUnfit, BatchScorerUnknown } from './errors.ts'
import type { Finished, FinishInput } from './finish.ts'
import type { BatchNeeds } from './needs.ts'
import { type InputFile, partsOf } from './plan.ts'
import type { ReadInput } from './read-input.ts'
import type { ScoreInput } from './part.ts'
import { parseTarget, type TargetAddress } from './target.ts'

export interface BatchJob extends BatchRequest {
  readonly by: string
  readonly schedule: string | null
  /** Relative paths start here. */
  readonly from: string
}

const DAYS = 86_400_000
const MEMORY_MB = 1_024
/** A picture takes as long as a thousand rows: what is lost by a kill is a matter of seconds. */
const PICTURES_PER_PART = 500

/** Half of the cores: what serves never waits for it. */
const PROCESSES = Math.max(1, Math.floor(availableParallelism() / 2))

export const folderOf = ({ folder }: Pick<BatchNeeds, 'folder'>, job: string) => join(folder, job)

/** Which version a batch is scored by, and of an endpoint who answers there with it. @throws BatchScorerUnknown, BatchModelUnfit, VersionUnknown, VersionNotPackaged */
export async function resolveScorer(
  { registry, deployments }: Pick<BatchNeeds, 'registry' | 'deployments'>,
  score: string,
): Promise<{ model: string; version: number; members: readonly WeightedVersion[] }> {
  const named = /^(?<model>.+)@v?(?<which>[^@]+)$/.exec(score)?.groups
  const found = named ? await versionOf(named.model!, named.which!) : await championOf()
  const { signature } = await registry.packaged(found.model, found.version)
  if (!takesRecords(signature) && !signature.image) throw new BatchModelUnfit(`${found.model}@${found.version}`)
  return found

  async function versionOf(model: string, which: string) {
    const version = /^\d+$/.test(which) ? Number(which) : (await registry.model(model)).aliases[which]
    if (version === undefined) throw new BatchScorerUnknown(score)
    return { model, version, members: [] }
  }
  async function championOf() {
    const endpoint = (await deployments.endpoints({})).find(({ name }) => name === score)
    if (!endpoint || endpoint.champion === null) throw new BatchScorerUnknown(score)
    return { model: endpoint.model, version: endpoint.champion, members: endpoint.traffic.stable }
  }
}

/** Every step is journaled, every part committed: after a restart a batch goes on where it was. */
export async function runBatch(job: JobContext<BatchJob>, needs: BatchNeeds): Promise<BatchOutcome> {
  const { blobs } = needs
  const { input } = job
  const folder = folderOf(needs, job.id)
  const { model, version, members, startedAt } = await job.step('resolve', async () => ({
    ...(await resolveScorer(needs, input.score)),
    startedAt: needs.clock.now(),
  }))
  const { signature, onnx } = await scorerOf(needs, { model, version, members: members ?? [] }, folder)
  const ofPictures = signature.image !== undefined
  const files = await job.step('read', async () => {
    job.progress({ message: 'reading the input' })
    const reading: ReadInput = { folder, source: await sourceOf(needs, input, ofPictures) }
    return runInChild<InputFile[]>(new URL('./workers/read.ts', import.meta.url), reading, {
      ...{ what: 'Reading the input', timeoutMs: DAYS, memoryMb: MEMORY_MB, signal: job.signal },
    })
  })
  const target = targetOf(input)
  const rows = files.reduce((sum, file) => sum + file.rows, 0)
  await job.step('score', async () => {
    const partRows = ofPictures ? Math.min(input.partRows, PICTURES_PER_PART) : input.partRows
    const count = Math.max(1, Math.min(PROCESSES, partsOf(files, partRows).length))
    const pictures = { roots: ofPictures ? await pictureRoots(needs, input) : [], blobs: needs.blobFolder }
    // Rows of a folder are known by nothing else.
    const keep = ofPictures && input.keep.length === 0 && (await isFolder(input)) ? ['file'] : input.keep
    const common = {
      job: job.id,
      folder,
      files,
      partRows,
      pictures,
      onnx,
      signature,
      environments: needs.environments,
    }
    const fractions = new Array<number>(count).fill(0)
    const score = (first: number) => {
      const scoring: ScoreInput = { ...common, model, version, keep, target, first, of: count }
      return runInChild(new URL('./workers/score.ts', import.meta.url), scoring, {
        ...{ what: 'Scoring', timeoutMs: DAYS, memoryMb: MEMORY_MB, signal: job.signal },
        onProgress: ({ fraction = 0 }) => {
          fractions[first] = fraction
          const all = fractions.reduce((sum, one) => sum + one, 0) / count
          job.progress({ message: `${Math.round(all * rows)} of ${rows} rows`, fraction: all })
        },
      })
    }
    // All are waited for: one that failed must not leave others writing behind its back.
    const ended = await Promise.allSettled(Array.from({ length: count }, (_, first) => score(first)))
    const failed = ended.find((one) => one.status === 'rejected')
    if (failed) throw failed.reason
    return null
  })
  return job.step('finish', async () => {
    job.progress({ message: 'putting the output in its place', fraction: 1 })
    const finishing: FinishInput = { job: job.id, folder, target }
    const { aside, ...counts } = await runInChild<Finished>(
      new URL('./workers/finish.ts', import.meta.url),
      finishing,
      { what: 'Finishing', timeoutMs: DAYS, memoryMb: MEMORY_MB, signal: job.signal },
    )
    return {
      ...counts,
      rows,
      seconds: (needs.clock.now() - startedAt) / 1000,
      aside: aside === null ? null : (await blobs.putFile(aside)).hash,
    }
  })
}

export function targetOf({ into, table, from }: Pick<BatchJob, 'into' | 'table' | 'from'>): TargetAddress {
  const address = parseTarget(into, table)
  return address.kind === 'postgres' ? address : { ...address, path: resolve(from, address.path) }
}

async function sourceOf(
  { data, projects }: Pick<BatchNeeds, 'data' | 'projects'>,
  job: BatchJob,
  ofPictures: boolean,
): Promise<ReadInput['source']> {
  const { input, project, from } = job
  if ('file' in input && ofPictures && (await isFolder(job)))
    return { kind: 'pictures', path: resolve(from, input.file) }
  if ('file' in input) return { kind: 'file', file: input.file, from }
  if (project === undefined)
    throw new BatchInputInvalid('it names data sets of no project', 'Say which project they are of.')
  if ('data' in input) {
    const version = await data.numbered(project, input.data, input.version ?? 'latest')
    return { kind: 'parquet', path: await data.readPath(version) }
  }
  const { spec } = await projects.project(project)
  const tables: Record<string, string> = {}
  for (const name of Object.keys(spec.data)) {
    const latest = await data.latest(project, name)
    if (latest) tables[name] = await data.readPath(await data.version(latest.id))
  }
  return { kind: 'query', sql: input.query, tables }
}

/** Where the files of a table's pictures are named from: its own folder, or those of the project's data sets. */
async function pictureRoots({ projects }: Pick<BatchNeeds, 'projects'>, job: BatchJob): Promise<string[]> {
  const { input, project, from } = job
  if ('file' in input) {
    const path = resolve(from, input.file)
    return [(await isFolder(job)) ? path : dirname(path.replace(/[*?[{].*$/s, '_'))]
  }
  const { spec } = await projects.project(project!)
  return Object.entries(spec.data).flatMap(([name, { pictures, source }]) =>
    pictures && (!('data' in input) || input.data === name) ? [resolve(from, source)] : [],
  )
}

async function isFolder({ input, from }: Pick<BatchJob, 'input' | 'from'>): Promise<boolean> {
  if (!('file' in input)) return false
  const found = await stat(resolve(from, input.file)).catch(() => undefined)
  return found?.isDirectory() ?? false
}

/** A folder of the server's own is nobody's to start from. @throws BatchInputInvalid */
export function refuseRelative(paths: readonly string[]): void {
  const relative = paths.find((path) => !isAbsolute(path))
  if (relative !== undefined)
    throw new BatchInputInvalid(
      `${relative} starts nowhere`,
      'Write the whole path, or name the project whose folder it is in.',
    )
}
