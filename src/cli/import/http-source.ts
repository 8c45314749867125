import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import type { ReadableStream } from 'node:stream/web'
import { ArtifactsUnreachable, SourceFailed, SourceNotMlflow } from './errors.ts'
import { openHttpHistories } from './http-histories.ts'
import { type HttpRequests, openHttpRequests } from './http-request.ts'
import type {
  ArtifactOwner,
  DatasetInput,
  MlflowSource,
  Pairs,
  SourceExperiment,
  SourceFile,
  SourceModel,
  SourceRegisteredModel,
  SourceRun,
  SourceVersion,
} from './source.ts'

const API = '/api/2.0/mlflow'
const RUNS_PER_PAGE = 200

/** A tracking server, over the interface its clients use. Deleted logged models are the one thing it does not show. */
export async function openHttpSource(url: string, env: NodeJS.ProcessEnv): Promise<MlflowSource> {
  const http = openHttpRequests(url, env)
  await requireMlflow(http)
  const histories = openHttpHistories(http)

  async function* pages<Key extends string, Item>(
    path: string,
    key: Key,
    asking: Record<string, unknown>,
    method: 'GET' | 'POST' = 'POST',
  ): AsyncGenerator<Item[]> {
    for (let token: string | undefined; ; ) {
      const page = { ...asking, ...(token && { page_token: token }) }
      const reply = await http.json<Partial<Record<Key, Item[]>> & { next_page_token?: string }>(
        method,
        `${API}/${path}`,
        method === 'POST' ? { body: page } : { query: page as Record<string, string> },
      )
      yield reply[key] ?? []
      token = reply.next_page_token || undefined
      if (!token) return
    }
  }

  async function* list(owner: ArtifactOwner, folder: string | undefined): AsyncGenerator<SourceFile> {
    const ofRun = owner.kind === 'run'
    const path = ofRun ? `${API}/artifacts/list` : `${API}/logged-models/${owner.id}/artifacts/directories`
    const query = ofRun ? { run_id: owner.id, path: folder } : { artifact_directory_path: folder }
    for (let token: string | undefined; ; ) {
      const response = await http.ask('GET', path, { query: { ...query, page_token: token } })
      const text = await response.text()
      if (!response.ok)
        throw new ArtifactsUnreachable(
          owner.artifactUri,
          `The source answered ${response.status}: ${text.slice(0, 200)}`,
        )
      const reply = JSON.parse(text) as { files?: HttpFile[]; next_page_token?: string }
      for (const file of reply.files ?? []) {
        if (file.is_dir) yield* list(owner, file.path)
        else yield { path: file.path, size: Number(file.file_size ?? 0) }
      }
      token = reply.next_page_token || undefined
      if (!token) return
    }
  }

  return {
    name: http.address,
    kind: 'server',
    async *experiments() {
      const asking = { view_type: 'ALL', max_results: 1_000 }
      for await (const page of pages<'experiments', HttpExperiment>('experiments/search', 'experiments', asking))
        yield* page.map(experimentFrom)
    },
    async *models({ id }) {
      const asking = { experiment_ids: [id], max_results: 100 }
      try {
        for await (const page of pages<'models', HttpModel>('logged-models/search', 'models', asking))
          yield* page.map(modelFrom)
      } catch (error) {
        // Servers before 3.0 know no logged models.
        if (!(error instanceof SourceFailed && / (404|405) /.test(error.message))) throw error
      }
    },
    async *runs({ id }) {
      const asking = {
        experiment_ids: [id],
        run_view_type: 'ALL',
        max_results: RUNS_PER_PAGE,
        // Pages are counted from the start: what begins meanwhile has to come last.
        order_by: ['attributes.start_time ASC'],
      }
      for await (const page of pages<'runs', HttpRun>('runs/search', 'runs', asking)) yield page.map(runFrom)
    },
    histories: (runs) => histories(runs),
    files: (owner) => list(owner, undefined),
    open: async (owner, path) => {
      const response = await http.ask('GET', ...addressOf(owner, path))
      if (!response.ok || !response.body) {
        const words = (await response.text()).slice(0, 200)
        throw new ArtifactsUnreachable(
          `${owner.artifactUri}/${path}`,
          `The source answered ${response.status}: ${words}`,
        )
      }
      return Readable.fromWeb(response.body as ReadableStream<Uint8Array>)
    },
    async *registeredModels() {
      const asking = { max_results: '100' }
      for await (const page of pages<'registered_models', HttpRegisteredModel>(
        'registered-models/search',
        'registered_models',
        asking,
        'GET',
      )) {
        for (const model of page) {
          const filter = `name = '${model.name.replaceAll("'", "''")}'`
          const versions: SourceVersion[] = []
          const found = pages<'model_versions', HttpVersion>(
            'model-versions/search',
            'model_versions',
            { filter, max_results: '1000' },
            'GET',
          )
          for await (const versionPage of found) versions.push(...versionPage.map(versionFrom))
          yield registeredModelFrom(model, versions)
        }
      }
    },
    close: http.close,
  }
}

async function requireMlflow(http: HttpRequests): Promise<void> {
  const response = await http.ask('POST', `${API}/experiments/search`, { body: { max_results: 1 } })
  const text = await response.text()
  if (response.ok && /^\s*\{/.test(text)) return
  throw new SourceNotMlflow(
    http.address,
    `it answered ${response.status} to a search for experiments: ${text.slice(0, 100)}`,
  )
}

/**
 * Where a server that does not hand out artifacts itself lets its own pages read them: it reads S3 and the like with its
 * own credentials, so nobody else needs them.
 */
function addressOf(owner: ArtifactOwner, path: string): [string, { query?: Record<string, string> }] {
  const [, root] = /^mlflow-artifacts:(?:\/\/[^/]*)?\/+(.*)$/.exec(owner.artifactUri) ?? []
  if (root !== undefined) {
    const names = `${root}/${path}`.split('/').map(encodeURIComponent).join('/')
    return [`/api/2.0/mlflow-artifacts/artifacts/${names}`, {}]
  }
  if (owner.kind === 'run') return ['/get-artifact', { query: { run_uuid: owner.id, path } }]
  return [`/ajax-api/2.0/mlflow/logged-models/${owner.id}/artifacts/files`, { query: { artifact_file_path: path } }]
}

interface KeyValue {
  key: string
  value?: string
}
interface HttpFile {
  path: string
  is_dir?: boolean
  file_size?: number | string
}
interface HttpExperiment {
  experiment_id: string
  name: string
  lifecycle_stage?: string
  creation_time?: number | string
  last_update_time?: number | string
  tags?: KeyValue[]
}
interface HttpRun {
  info: {
    run_id?: string
    run_uuid?: string
    run_name?: string
    experiment_id: string
    user_id?: string
    status?: string
    start_time?: number | string
    end_time?: number | string
    artifact_uri?: string
    lifecycle_stage?: string
  }
  data?: { metrics?: { key: string }[]; params?: KeyValue[]; tags?: KeyValue[] }
  inputs?: {
    dataset_inputs?: (Omit<DatasetInput, 'tags'> & { tags?: KeyValue[] })[]
    model_inputs?: { model_id: string }[]
  }
  outputs?: { model_outputs?: { model_id: string; step?: number | string }[] }
}
interface HttpModel {
  info: {
    model_id: string
    experiment_id: string
    name: string
    creation_timestamp_ms?: number | string
    last_updated_timestamp_ms?: number | string
    artifact_uri?: string
    status?: string
    model_type?: string
    source_run_id?: string
    tags?: KeyValue[]
  }
  data?: {
    params?: KeyValue[]
    metrics?: {
      key: string
      timestamp: number | string
      step?: number | string
      run_id?: string
      dataset_name?: string
      dataset_digest?: string
    }[]
  }
}
interface HttpRegisteredModel {
  name: string
  description?: string
  creation_timestamp?: number | string
  last_updated_timestamp?: number | string
  tags?: KeyValue[]
  aliases?: { alias: string; version: string }[]
}
interface HttpVersion {
  version: string
  description?: string
  creation_timestamp?: number | string
  last_updated_timestamp?: number | string
  user_id?: string
  current_stage?: string
  source?: string
  run_id?: string
  model_id?: string
  status?: string
  status_message?: string
  run_link?: string
  tags?: KeyValue[]
}

const pairsFrom = (list: readonly KeyValue[] = []): Pairs =>
  Object.fromEntries(list.map(({ key, value }) => [key, value ?? '']))

function experimentFrom(experiment: HttpExperiment): SourceExperiment {
  return {
    id: experiment.experiment_id,
    name: experiment.name,
    deleted: experiment.lifecycle_stage === 'deleted',
    createdAt: Number(experiment.creation_time ?? 0),
    updatedAt: Number(experiment.last_update_time ?? experiment.creation_time ?? 0),
    tags: pairsFrom(experiment.tags),
  }
}

function runFrom(run: HttpRun): SourceRun {
  const { info, data, inputs, outputs } = run
  const tags = pairsFrom(data?.tags)
  return {
    id: info.run_id ?? info.run_uuid ?? '',
    experiment: info.experiment_id,
    name: info.run_name ?? tags['mlflow.runName'] ?? '',
    user: info.user_id ?? '',
    status: info.status ?? 'RUNNING',
    startedAt: Number(info.start_time ?? 0),
    endedAt: info.end_time === undefined ? null : Number(info.end_time),
    deleted: info.lifecycle_stage === 'deleted',
    deletedAt: null,
    artifactUri: info.artifact_uri ?? '',
    params: pairsFrom(data?.params),
    tags,
    metricKeys: (data?.metrics ?? []).map((metric) => metric.key),
    datasets: (inputs?.dataset_inputs ?? []).map(({ dataset, tags: given = [] }) => ({
      tags: given.map(({ key, value = '' }) => ({ key, value })),
      dataset,
    })),
    modelInputs: (inputs?.model_inputs ?? []).map((input) => input.model_id),
    modelOutputs: (outputs?.model_outputs ?? []).map(({ model_id: id, step }) => ({ id, step: Number(step ?? 0) })),
    // Only the latest point of each metric is told: while a run goes on, others may come before it.
    version: info.status === 'RUNNING' ? null : createHash('sha256').update(JSON.stringify(run)).digest('hex'),
  }
}

const MODEL_STATES: Record<string, SourceModel['status']> = {
  ...{ LOGGED_MODEL_PENDING: 'pending', LOGGED_MODEL_READY: 'ready', LOGGED_MODEL_UPLOAD_FAILED: 'failed' },
}

function modelFrom({ info, data }: HttpModel): SourceModel {
  return {
    id: info.model_id,
    experiment: info.experiment_id,
    run: info.source_run_id || null,
    name: info.name,
    type: info.model_type ?? '',
    status: MODEL_STATES[info.status ?? ''] ?? 'pending',
    createdAt: Number(info.creation_timestamp_ms ?? 0),
    updatedAt: Number(info.last_updated_timestamp_ms ?? 0),
    deleted: false,
    artifactUri: info.artifact_uri ?? '',
    params: pairsFrom(data?.params),
    tags: pairsFrom(info.tags),
    metrics: (data?.metrics ?? []).flatMap(({ key, run_id: run, step, timestamp, dataset_name: name, ...rest }) =>
      run
        ? [
            {
              ...{ run, key, step: Number(step ?? 0), at: Number(timestamp) },
              dataset: name ? { name, digest: rest.dataset_digest ?? '' } : null,
            },
          ]
        : [],
    ),
  }
}

function registeredModelFrom(model: HttpRegisteredModel, versions: SourceVersion[]): SourceRegisteredModel {
  return {
    name: model.name,
    description: model.description ?? '',
    createdAt: Number(model.creation_timestamp ?? 0),
    updatedAt: Number(model.last_updated_timestamp ?? 0),
    tags: pairsFrom(model.tags),
    aliases: Object.fromEntries((model.aliases ?? []).map(({ alias, version }) => [alias, Number(version)])),
    versions: versions.sort((a, b) => a.version - b.version),
  }
}

function versionFrom(version: HttpVersion): SourceVersion {
  const source = version.source ?? ''
  return {
    version: Number(version.version),
    description: version.description ?? '',
    createdAt: Number(version.creation_timestamp ?? 0),
    updatedAt: Number(version.last_updated_timestamp ?? 0),
    user: version.user_id ?? '',
    stage: version.current_stage ?? 'None',
    source,
    run: version.run_id || null,
    model: version.model_id || null,
    status: version.status ?? 'READY',
    statusMessage: version.status_message ?? '',
    runLink: version.run_link ?? '',
    tags: pairsFrom(version.tags),
  }
}
