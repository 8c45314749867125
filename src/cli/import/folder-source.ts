import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { SourceNotMlflow } from './errors.ts'
import { foldersIn, type Meta, metaIn, pairsIn, text } from './folder-files.ts'
import { registeredModelsIn } from './folder-registry.ts'
import { type ArtifactPlaces, artifactFolder, filesBelow, keysBelow, openFile } from './local-files.ts'
import { modelPointsIn, pointsIn } from './metric-lines.ts'
import type {
  ArtifactOwner,
  DatasetInput,
  MlflowSource,
  Report,
  SourceExperiment,
  SourceModel,
  SourceRun,
} from './source.ts'

const RUNS_PER_PAGE = 100
const POINTS_PER_PIECE = 25_000
/** What lies in the folder of an experiment beside its runs. */
const NO_RUNS = ['tags', 'datasets', 'traces', 'models']

/** As numbers in files: MLflow's protocol buffers count them from 1. */
const RUN_STATUSES = ['RUNNING', 'SCHEDULED', 'FINISHED', 'FAILED', 'KILLED']
const MODEL_STATUSES = ['pending', 'ready', 'failed'] as const

/** An `mlruns` folder, as the mlflow client writes it where there is no server. */
export function openFolderSource(
  path: string,
  options: { artifacts: string | undefined; report: Report },
): MlflowSource {
  const { report } = options
  const root = rootOf(resolve(path))
  const places: ArtifactPlaces = { destination: options.artifacts, base: join(root, '..') }
  const trash = join(root, '.trash')
  const folderOf = new Map<string, string>()

  function experimentIn(folder: string): SourceExperiment | undefined {
    const id = basename(folder)
    const meta = metaIn(folder, 'experiment', `experiment ${id}`, report)
    if (!meta) return undefined
    folderOf.set(id, folder)
    return {
      id,
      name: text(meta.name) || id,
      deleted: meta.lifecycle_stage === 'deleted' || folder.startsWith(trash),
      createdAt: Number(meta.creation_time ?? statSync(join(folder, 'meta.yaml')).mtimeMs.toFixed(0)),
      updatedAt: Number(meta.last_update_time ?? meta.creation_time ?? 0),
      tags: pairsIn(join(folder, 'tags')),
    }
  }

  function runIn(experiment: string, folder: string): SourceRun | undefined {
    const id = basename(folder)
    const meta = metaIn(folder, 'run', `run ${id}`, report)
    if (!meta) return undefined
    const [params, tags] = [pairsIn(join(folder, 'params')), pairsIn(join(folder, 'tags'))]
    const metricKeys = keysBelow(join(folder, 'metrics'))
    const linked = inputsOf(folderOf.get(experiment)!, folder, report)
    const files = metricKeys.map((key) => {
      const { size, mtimeMs } = statSync(join(folder, 'metrics', key))
      return [key, size, mtimeMs]
    })
    const told = JSON.stringify([meta, params, tags, linked, files])
    return {
      id,
      experiment,
      name: text(meta.run_name) || tags['mlflow.runName'] || text(meta.name),
      user: text(meta.user_id),
      status: typeof meta.status === 'number' ? (RUN_STATUSES[meta.status - 1] ?? 'RUNNING') : text(meta.status),
      startedAt: Number(meta.start_time ?? 0),
      endedAt: meta.end_time == null ? null : Number(meta.end_time),
      deleted: meta.lifecycle_stage === 'deleted',
      deletedAt: meta.deleted_time == null ? null : Number(meta.deleted_time),
      artifactUri: text(meta.artifact_uri),
      ...{ params, tags, metricKeys, ...linked },
      version: createHash('sha256').update(told).digest('hex'),
    }
  }

  const ownFolder = ({ kind, experiment, id }: ArtifactOwner) =>
    join(folderOf.get(experiment) ?? join(root, experiment), kind === 'model' ? 'models' : '', id, 'artifacts')
  const artifactsOf = (owner: ArtifactOwner) => artifactFolder(owner.artifactUri, places, ownFolder(owner))

  return {
    name: root,
    kind: 'folder',
    async *experiments() {
      for (const folder of [...experimentFolders(root), ...experimentFolders(trash)]) {
        const experiment = experimentIn(folder)
        if (experiment) yield experiment
      }
    },
    async *models({ id }) {
      const folder = join(folderOf.get(id)!, 'models')
      for (const model of foldersIn(folder)) {
        const meta = metaIn(model, 'logged model', `logged model ${basename(model)}`, report)
        if (meta) yield modelFrom(id, model, meta, report)
      }
    },
    async *runs({ id }) {
      const folders = foldersIn(folderOf.get(id)!).filter((folder) => !NO_RUNS.includes(basename(folder)))
      for (let at = 0; at < folders.length; at += RUNS_PER_PAGE) {
        const page = folders.slice(at, at + RUNS_PER_PAGE)
        yield page.flatMap((folder) => runIn(id, folder) ?? [])
      }
    },
    async *histories(runs) {
      for (const { id, experiment, metricKeys } of runs) {
        for (const key of metricKeys) {
          const file = join(folderOf.get(experiment)!, id, 'metrics', key)
          yield* pointsIn(readFileSync(file, 'utf8'), { run: id, key, report, piece: POINTS_PER_PIECE })
        }
      }
    },
    async *files(owner) {
      yield* filesBelow(artifactsOf(owner))
    },
    open: (owner, path) => openFile(artifactsOf(owner), path),
    registeredModels: () => registeredModelsIn(join(root, 'models'), report),
    close: () => {},
  }
}

/** The folder itself, or the `mlruns` in it. @throws SourceNotMlflow */
function rootOf(path: string): string {
  if (!existsSync(path)) throw new SourceNotMlflow(path, 'there is no such folder')
  for (const folder of [path, join(path, 'mlruns')]) {
    if (experimentFolders(folder).length > 0 || experimentFolders(join(folder, '.trash')).length > 0) return folder
    if (foldersIn(join(folder, 'models')).some((model) => existsSync(join(model, 'meta.yaml')))) return folder
  }
  const inside = readdirSync(path).length
  throw new SourceNotMlflow(path, inside === 0 ? 'it is empty' : 'no folder in it has the meta.yaml of an experiment')
}

const experimentFolders = (root: string) =>
  foldersIn(root).filter((folder) => !basename(folder).startsWith('.') && existsSync(join(folder, 'meta.yaml')))

function inputsOf(experiment: string, run: string, report: Report) {
  const datasets: DatasetInput[] = []
  const modelInputs: string[] = []
  for (const folder of foldersIn(join(run, 'inputs'))) {
    const what = `run ${basename(run)}: input ${basename(folder)}`
    const input = metaIn(folder, 'link', what, report)
    if (!input) continue
    const id = text(input.source_id)
    if (input.source_type === 'MODEL') {
      modelInputs.push(id)
      continue
    }
    const dataset = metaIn(join(experiment, 'datasets', id), 'link', what, report)
    if (dataset) datasets.push(datasetFrom(dataset, (input.tags ?? {}) as Record<string, unknown>))
  }
  const modelOutputs = foldersIn(join(run, 'outputs')).flatMap((folder) => {
    const output = metaIn(folder, 'link', `run ${basename(run)}: output ${basename(folder)}`, report)
    return output ? [{ id: basename(folder), step: Number(output.step ?? 0) }] : []
  })
  return { datasets, modelInputs, modelOutputs }
}

function datasetFrom(dataset: Meta, tags: Record<string, unknown>): DatasetInput {
  const { schema, profile } = dataset
  return {
    tags: Object.entries(tags).map(([key, value]) => ({ key, value: text(value) })),
    dataset: {
      name: text(dataset.name),
      digest: text(dataset.digest),
      source_type: text(dataset.source_type),
      source: text(dataset.source),
      ...(schema != null && { schema: text(schema) }),
      ...(profile != null && { profile: text(profile) }),
    },
  }
}

function modelFrom(experiment: string, folder: string, meta: Meta, report: Report): SourceModel {
  const metrics = keysBelow(join(folder, 'metrics')).flatMap((key) =>
    modelPointsIn(readFileSync(join(folder, 'metrics', key), 'utf8'), { model: basename(folder), key, report }),
  )
  return {
    id: basename(folder),
    experiment,
    run: text(meta.source_run_id) || null,
    name: text(meta.name),
    type: text(meta.model_type),
    status: MODEL_STATUSES[Number(meta.status) - 1] ?? 'pending',
    createdAt: Number(meta.creation_timestamp ?? 0),
    updatedAt: Number(meta.last_updated_timestamp ?? 0),
    deleted: meta.lifecycle_stage === 'deleted',
    artifactUri: text(meta.artifact_location),
    params: pairsIn(join(folder, 'params')),
    tags: pairsIn(join(folder, 'tags')),
    metrics,
  }
}
