import type { KeptModel, KeptRun, Place, PointSums } from '#tracking/contract'
import { type BringFiles, openBringFiles } from './bring-files.ts'
import type { OrreryDoor } from './orrery-door.ts'
import { inRequests, openPointIntake } from './points.ts'
import type { MlflowSource, SourceExperiment, SourceModel, SourceRun } from './source.ts'
import { compareModel, compareRun, type Tally } from './tally.ts'
import { experimentFrom, modelFrom, parentOf, runFrom } from './translate.ts'

/** What is remembered of a run or a model that was brought over whole. */
interface Mark {
  version: string
  sums: PointSums
}

/** What goes on right now, and what was sent since it was last told. */
export interface Progress {
  at?: string
  points?: number
  bytes?: number
}

export interface ImportNeeds {
  source: MlflowSource
  orrery: OrreryDoor
  tally: Tally
  /** Reads histories and files again that have not changed since they were brought. */
  thorough: boolean
  progress(at: Progress): void
}

/** About 400 kB of JSON, and some tens of milliseconds of the server. */
const POINTS_PER_REQUEST = 10_000
const RUNS_PER_REQUEST = 50
/** Params and tags may be long: what is sent at once stays far below what a server takes. */
const TEXT_PER_REQUEST = 4_000_000

/**
 * Brings experiments, runs and logged models of a source to an Orrery, page by page, and compares each with the source
 * once it is there. Killed anywhere and started again it goes on: what was brought whole is marked as such over there.
 */
export async function importTracking(needs: ImportNeeds): Promise<{ places: Place[]; runsHere: Map<string, string> }> {
  const { source, orrery, tally } = needs
  const files = openBringFiles(needs)
  const experiments: SourceExperiment[] = []
  for await (const experiment of source.experiments()) experiments.push(experiment)
  const places: Place[] = []
  for (let at = 0; at < experiments.length; at += RUNS_PER_REQUEST) {
    const some = experiments.slice(at, at + RUNS_PER_REQUEST).map(experimentFrom)
    const body = { source: source.name, experiments: some }
    places.push(...(await orrery.call((server) => server.importExperiments({ body }))).experiments)
  }
  tally.add('experiments', { source: experiments.length, here: places.length })

  const runsHere = new Map<string, string>()
  const known = new Set<string>()
  const nested: { run: SourceRun; deletedAt: number | null }[] = []
  for (const experiment of experiments) {
    needs.progress({ at: experiment.name })
    const models: SourceModel[] = []
    for await (const model of source.models(experiment)) models.push(model)
    const { deletedAt } = experimentFrom(experiment)
    for await (const page of source.runs(experiment)) {
      for (const run of page) {
        known.add(run.id)
        if (parentOf(run) !== null) nested.push({ run, deletedAt })
      }
      for (let at = 0; at < page.length; at += RUNS_PER_REQUEST)
        await importRunPage(needs, files, page.slice(at, at + RUNS_PER_REQUEST), { deletedAt, models, runsHere })
    }
    await importModels(needs, files, models, runsHere)
  }
  await freeOrphans(
    needs,
    nested.filter(({ run }) => !known.has(parentOf(run)!)),
  )
  return { places, runsHere }
}

interface Page {
  deletedAt: number | null
  models: readonly SourceModel[]
  runsHere: Map<string, string>
}

async function importRunPage(
  needs: ImportNeeds,
  files: BringFiles,
  runs: readonly SourceRun[],
  { deletedAt, models, runsHere }: Page,
): Promise<void> {
  const { source, tally } = needs
  const before = await keptRuns(needs, runs)
  const changed = runs.filter((run) => needs.thorough || !isWhole(run.version, before.get(run.id)?.mark))
  // A run nested in one with another id here is nested in that one.
  const here = (run: SourceRun) => {
    const imported = runFrom(run, { experimentDeletedAt: deletedAt, orphan: false })
    return { ...imported, parent: imported.parent && (runsHere.get(imported.parent) ?? imported.parent) }
  }
  for (const [id, { here: place }] of before) if (id !== place) runsHere.set(id, place)
  for (const some of bySize(changed.map(here))) {
    const body = { source: source.name, runs: some }
    const { runs: placed } = await needs.orrery.call((server) => server.importRuns({ body }))
    for (const { id, here: place } of placed) if (id !== place) runsHere.set(id, place)
    tally.add('runs', { brought: placed.filter((run) => run.isNew).length })
  }
  // What came from another source before is here, too, with its points and files.
  const unknown = changed.filter((run) => !before.has(run.id))
  for (const [id, kept] of await keptRuns(needs, unknown)) before.set(id, kept)
  const intake = openPointIntake(runsHere, models)
  await bringPoints(needs, intake, changed)

  const changedIds = new Set(changed.map((run) => run.id))
  const seen = await Promise.all(
    runs.map(async (run) => ({
      run,
      files: await files.bring(
        { kind: 'run', id: run.id, experiment: run.experiment, artifactUri: run.artifactUri },
        runsHere.get(run.id) ?? run.id,
        before.get(run.id)?.artifacts ?? [],
      ),
    })),
  )
  const after = await keptRuns(needs, runs)
  const marks: { id: string; mark: string }[] = []
  for (const { run, files: found } of seen) {
    const isChanged = changedIds.has(run.id)
    const sums = isChanged ? intake.sumsOf(run.id) : markFrom(before.get(run.id)!.mark!).sums
    const parent = parentOf(run)
    const same = compareRun(
      tally,
      {
        ...{ run, sums, orphan: false, experimentDeletedAt: deletedAt },
        files: found.files,
        parentHere: parent && (runsHere.get(parent) ?? parent),
      },
      after.get(run.id),
    )
    const points = (after.get(run.id)?.sums.points ?? 0) - (before.get(run.id)?.sums.points ?? 0)
    tally.add('metric points', { brought: Math.max(0, points) })
    if (isChanged && same && found.whole && run.version !== null && !tally.isTroubled(`run ${run.id}`))
      marks.push({ id: run.id, mark: JSON.stringify({ version: run.version, sums } satisfies Mark) })
  }
  if (marks.length > 0)
    await needs.orrery.call((server) => server.markImported({ body: { source: source.name, kind: 'run', marks } }))
}

async function bringPoints(
  { source, orrery, progress }: ImportNeeds,
  intake: ReturnType<typeof openPointIntake>,
  runs: readonly SourceRun[],
): Promise<void> {
  let waiting: ReturnType<typeof intake.take> = []
  let size = 0
  let sending: Promise<unknown> = Promise.resolve()
  // The next points are read while the last ones are being written.
  const send = async () => {
    const requests = [...inRequests(waiting, POINTS_PER_REQUEST)]
    ;[waiting, size] = [[], 0]
    await sending
    sending = (async () => {
      for (const histories of requests) {
        await orrery.call((server) => server.importPoints({ body: { histories } }))
        progress({ points: histories.reduce((sum, one) => sum + one.steps.length, 0) })
      }
    })()
    sending.catch(() => undefined)
  }
  for await (const points of source.histories(runs)) {
    const taken = intake.take(points)
    waiting.push(...taken)
    size += taken.reduce((sum, one) => sum + one.steps.length, 0)
    if (size >= POINTS_PER_REQUEST) await send()
  }
  await send()
  await sending
}

async function importModels(
  needs: ImportNeeds,
  files: BringFiles,
  models: readonly SourceModel[],
  runsHere: ReadonlyMap<string, string>,
): Promise<void> {
  const { source, orrery, tally } = needs
  for (let at = 0; at < models.length; at += RUNS_PER_REQUEST) {
    const some = models.slice(at, at + RUNS_PER_REQUEST)
    const before = await keptModels(needs, some)
    for (const sent of bySize(some.map((model) => modelFrom(model, runsHere))))
      await orrery.call((server) => server.importModels({ body: { source: source.name, models: sent } }))
    const found = await Promise.all(
      some.map((model) =>
        files.bring(
          { kind: 'model', id: model.id, experiment: model.experiment, artifactUri: model.artifactUri },
          model.id,
          before.get(model.id)?.artifacts ?? [],
        ),
      ),
    )
    const after = await keptModels(needs, some)
    for (const [i, model] of some.entries()) {
      compareModel(tally, model, found[i]!.files, after.get(model.id))
      if (!before.has(model.id)) tally.add('logged models', { brought: 1 })
    }
  }
}

/** What was nested in a run that is gone for good stands on its own, and keeps the tag that tells of it. */
async function freeOrphans(
  { source, orrery }: ImportNeeds,
  orphans: readonly { run: SourceRun; deletedAt: number | null }[],
): Promise<void> {
  const runs = orphans.map(({ run, deletedAt }) => runFrom(run, { experimentDeletedAt: deletedAt, orphan: true }))
  for (const some of bySize(runs))
    await orrery.call((server) => server.importRuns({ body: { source: source.name, runs: some } }))
}

async function keptRuns({ source, orrery }: ImportNeeds, runs: readonly SourceRun[]): Promise<Map<string, KeptRun>> {
  const body = { source: source.name, runs: runs.map((run) => run.id) }
  const kept = await orrery.call((server) => server.kept({ body }))
  return new Map(kept.runs.map((run) => [run.id, run]))
}

async function keptModels(
  { source, orrery }: ImportNeeds,
  models: readonly SourceModel[],
): Promise<Map<string, KeptModel>> {
  const body = { source: source.name, models: models.map((model) => model.id) }
  const kept = await orrery.call((server) => server.kept({ body }))
  return new Map(kept.models.map((model) => [model.id, model]))
}

const markFrom = (mark: string) => JSON.parse(mark) as Mark

const isWhole = (version: string | null, mark: string | null | undefined) =>
  version !== null && mark != null && markFrom(mark).version === version

function* bySize<Item>(items: readonly Item[]): Generator<Item[]> {
  let some: Item[] = []
  let size = 0
  for (const item of items) {
    const length = JSON.stringify(item).length
    if (some.length > 0 && (size + length > TEXT_PER_REQUEST || some.length >= RUNS_PER_REQUEST)) {
      yield some
      ;[some, size] = [[], 0]
    }
    some.push(item)
    size += length
  }
  if (some.length > 0) yield some
}
