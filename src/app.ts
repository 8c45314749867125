import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { mountAccess, openAccess } from '#access'
import { mountBatch, openBatch } from '#batch'
import {
  mountData,
  mountDataReports,
  mountDataSources,
  mountPictureProfiles,
  mountPreviews,
  openData,
  openDataReports,
  openDataSources,
  openFileDatasets,
  openPictureProfiles,
} from '#data'
import { certifyingRoles, deploymentPlan, followVersions, mountDeployments, openDeployments } from '#deployments'
import { mountExports, openExports } from '#exports'
import { mountFeatures, openFeatures } from '#features'
import { explainPrediction, mountGovernance } from '#governance'
import { mountLoop } from '#loop'
import { mountMonitoring, openMonitoring } from '#monitoring'
import { mountPackaging, openPackaging, packageTaggedVersions, retryGraphs } from '#packaging'
import { keptEnvironments, mountPipelines, openPipelines } from '#pipelines'
import { openBlobFolder } from '#platform/blobs'
import { openEvents } from '#platform/events'
import { openHome } from '#platform/home'
import { openHttp } from '#platform/http'
import { openJobs } from '#platform/jobs'
import type { Logger } from '#platform/log'
import { openStorage } from '#platform/storage'
import { systemClock } from '#platform/time'
import { mountProjects, openProjects, type ProjectSpec } from '#projects'
import {
  endpointModels,
  MLFLOW_ALIASES,
  invokedEndpoint,
  mountEndpointOpenApi,
  mountInference,
  mountInvocations,
  mountMlflow,
  mountOtlp,
  runFilterReader,
  startInferenceGrpc,
  webhookLanguage,
} from '#protocols'
import { mountRegistry, openRegistry, registerSucceededRuns } from '#registry'
import { checkStagedVersions, keepRetention, mountServing, openServing } from '#serving'
import { mountTracing, openTracing } from '#tracing'
import { mountTracking, openTracking } from '#tracking'
import { mountTriggers, openTriggers } from '#triggers'
import { mountWebhooks, openWebhooks } from '#webhooks'
import type { Config } from './config.ts'
import { listen } from './listen.ts'
import { migrations } from './migrations.ts'
import { mountOperations } from './operations.ts'
import { championOf, endpointSource, freshRows, predictionLog, retentionOf } from './ports.ts'
import { version } from './version.ts'

const PAGES = fileURLToPath(new URL('../web/dist', import.meta.url))

export interface App {
  /** Where it answers. */
  readonly url: string
  /** `host:port` where it speaks gRPC, when it does. */
  readonly grpc: string | undefined
  stop(): Promise<void>
}

/**
 * Puts the rooms together, each with what it asks for, and starts them. Resolves when requests are answered; when
 * something keeps it from starting, what was opened by then is closed again.
 */
export async function startApp(config: Config, log: Logger): Promise<App> {
  await using opened = new AsyncDisposableStack()
  const clock = systemClock
  const home = await openHome(config.home)
  opened.defer(home.release)
  const storage = await openStorage({ url: config.database ?? home.database, durability: config.durability })
  opened.defer(storage.close)
  await storage.migrate(migrations)
  const blobs = await openBlobFolder(home.blobs)
  const events = openEvents({ storage, clock, log })
  const jobs = openJobs({ storage, clock, log })
  const access = openAccess({ storage, clock, host: config.host })
  await access.checkAddress(config.host)
  const http = await openHttp({ log, authorize: access.authorize, version, pages: PAGES, aliases: MLFLOW_ALIASES })

  const projects = openProjects({ storage, events, clock })
  const data = openData({ storage, blobs, events, clock })
  const dataSources = openDataSources({
    ...{ storage, blobs, jobs, clock, log, data, projects },
    predictions: predictionLog(() => serving),
    work: home.work,
  })
  const { bring, versions } = dataSources
  const fileDatasets = openFileDatasets({ storage, blobs, events, ledger: home.dataLedger })
  const pictures = openPictureProfiles({ storage, jobs, files: fileDatasets, projects, home })
  opened.defer(pictures.close)
  const features = await openFeatures({
    ...{ storage, blobs, events, jobs, clock, log, projects, data, versions, work: home.work },
    onlineStore: config.onlineStore,
    ordered: { folder: join(home.folder, 'features', 'ordered'), mostBytes: 1024 ** 2 * config.joinCache },
  })
  opened.defer(features.close)
  const tracking = openTracking({
    ...{ storage, blobs, events, clock },
    keeperOf: (tx, of, ids) => registry.keeperOf(tx, of, ids),
  })
  const tracing = openTracing({ storage, blobs, clock, tracking })
  const registry = openRegistry({
    ...{ storage, blobs, events, clock, tracking },
    deploymentsOf: (tx, model) => deployments.deploymentsOf(tx, model),
  })
  const webhooks = openWebhooks({
    ...{ storage, events, clock, log },
    reach: config.webhooks,
    language: webhookLanguage,
  })
  const deployments = openDeployments({
    storage,
    events,
    clock,
    registry,
    planOf: async (project, endpoint) => deploymentPlan((await projects.project(project)).spec, endpoint),
  })
  const endpoints = endpointSource({ deployments, registry, projects, blobs, events })
  const environments = join(home.folder, 'python')
  const serving = openServing({
    storage,
    clock,
    log,
    endpoints,
    runtime: {
      placement: config.models,
      runMs: 1000 * config.deadline,
      memoryBytes: 1024 ** 2 * config.modelmemory,
      environments: keptEnvironments(environments),
    },
    blobs,
    archive: { blobs, work: home.work },
    journal: home.predictions,
    explain: async (model, version, inputs) =>
      (await explainPrediction({ registry, environments }, { model, inputs }, version))?.contributions.map(
        ({ feature, contribution }) => ({ feature, contribution }),
      ) ?? null,
    complete: features.complete,
    onLogged: (hint) => monitoring.noticed(hint.endpoint),
  })
  const pipelines = openPipelines({
    ...{ storage, blobs, events, jobs, clock, projects, data, bring, versions, tracking },
    openViews: features.openViews,
    labelledRows: freshRows(serving),
    championOf: championOf({ deployments, registry, blobs, environments }),
    work: home.work,
    serverUrl: () => url,
    lendIdentity: (name) => access.lendToken(name, ['engineer']),
  })
  const packaging = openPackaging({
    ...{ storage, blobs, events, jobs, clock, tracking, projects, pipelines, registry },
    work: home.work,
    environments,
  })
  const batch = openBatch({
    ...{ storage, blobs, events, jobs, clock, log, projects, data, registry, deployments },
    folder: join(home.folder, 'batch'),
    blobFolder: home.blobs,
    environments,
  })
  const monitoring = openMonitoring({
    storage,
    events,
    clock,
    log,
    projects,
    registry,
    deployments,
    reads: serving.reads,
    serving,
  })
  const triggers = openTriggers({
    ...{ storage, events, clock, log, projects, registry, deployments, monitoring },
    startPipeline: pipelines.start,
  })

  registerSucceededRuns({ events, projects, pipelines, registry })
  packageTaggedVersions({ events, registry, packaging })
  followVersions({
    events,
    projects,
    registry,
    deployments,
    reachedBy: async (name) => ({
      eventTime: (await serving.reads.watermark(name)) ?? null,
      requests: (await serving.reads.counts(name)).predictions,
    }),
  })
  retryGraphs({ events, storage, projects, graphs: packaging.graphs })
  checkStagedVersions({ events, storage, blobs, projects, registry, serving })

  const drift = async (spec: ProjectSpec) => [
    ...(await deployments.drift(spec)),
    ...(await packaging.graphs.drift(spec)),
  ]
  mountAccess(http, access)
  mountProjects(
    http,
    projects,
    async (tx, project) => {
      await features.catalog.follow(tx, project.name, project.spec)
      for (const [name, { environment }] of Object.entries(project.spec.deploy))
        await deployments.ensureEndpoint(tx, { name, project: project.name, environment, model: name })
      await packaging.graphs.follow(tx, project.name, project.spec)
    },
    drift,
  )
  const dataReports = openDataReports({ storage, blobs, data, projects, clock, work: home.work })
  mountData(http, { data, files: fileDatasets, reports: dataReports })
  mountDataReports(http, dataReports)
  mountPreviews(http, { projects, sources: dataSources, openViews: features.historical.toJoin, work: home.work })
  mountPictureProfiles(http, pictures)
  mountDataSources(http, dataSources)
  mountFeatures(http, { features, projects })
  mountTracking(http, tracking, runFilterReader(tracking))
  mountTracing(http, { tracing, tracking })
  mountPipelines(http, { pipelines, projects, storage })
  mountRegistry(http, registry, async (project, endpoint) =>
    certifyingRoles(project === null ? null : (await projects.project(project)).spec, endpoint),
  )
  mountWebhooks(http, webhooks)
  mountPackaging(http, packaging)
  mountExports(http, openExports({ registry, tracking, data, blobs }))
  mountDeployments(http, deployments)
  mountServing(http, serving)
  mountBatch(http, { batch, blobs })
  mountMonitoring(http, monitoring)
  mountTriggers(http, triggers)
  mountGovernance(http, {
    ...{ serving, registry, tracking, pipelines, data, deployments, monitoring, events, environments },
  })
  const rooms = { projects, data, pipelines, registry, deployments, serving, monitoring, triggers, events, jobs, drift }
  mountLoop(http, rooms)
  mountMlflow(http, { tracking, tracing, registry, webhooks, storage, clock })
  const inference = { models: endpointModels({ serving, registry }), version }
  mountInference(http, inference)
  mountEndpointOpenApi(http, { serving, version })
  mountInvocations(http, { model: (endpoint) => invokedEndpoint(serving, endpoint) })
  mountOtlp(http, { tracking, tracing, storage })
  mountOperations(http, { storage, features, serving, jobs, events, version })

  opened.defer(serving.close)
  await serving.warmAll()
  opened.defer(events.stop)
  await events.start()
  opened.defer(webhooks.stop)
  await webhooks.start()
  opened.defer(jobs.stop)
  opened.defer(monitoring.stop)
  await monitoring.start()
  opened.defer(triggers.stop)
  await triggers.start()
  opened.defer(batch.stop)
  await batch.start()
  opened.defer(features.stop)
  features.start()
  opened.defer(dataSources.stop)
  dataSources.start()
  const retention = keepRetention({ serving, clock, log, keepOf: retentionOf(projects, deployments) })
  opened.defer(retention.stop)
  opened.defer(() => http.fastify.close())
  const url = await listen(http.fastify, config)
  const { host, grpcPort } = config
  const grpc =
    grpcPort === undefined
      ? undefined
      : await startInferenceGrpc({ ...inference, authorize: access.authorize, log, host, port: grpcPort })
  if (grpc) opened.defer(grpc.stop)
  // A job that a crash interrupted goes on at once, and its steps are told this address.
  await jobs.start()
  await home.announce(url)

  const running = opened.move()
  return { url, grpc: grpc?.address, stop: () => running.disposeAsync() }
}
