import { fileURLToPath } from 'node:url'
import { accessMigrations, mountAccess, openAccess } from '#access'
import { dataMigrations, mountData, openData } from '#data'
import {
  certifyingRole,
  deploymentMigrations,
  deploymentPlan,
  followVersions,
  mountDeployments,
  openDeployments,
} from '#deployments'
import { mountGovernance } from '#governance'
import { mountLoop } from '#loop'
import { monitoringMigrations, mountMonitoring, openMonitoring } from '#monitoring'
import { mountPipelines, openPipelines, pipelineMigrations } from '#pipelines'
import { openBlobFolder } from '#platform/blobs'
import { eventMigrations, openEvents } from '#platform/events'
import { openHome } from '#platform/home'
import { openHttp } from '#platform/http'
import { jobMigrations, openJobs } from '#platform/jobs'
import type { Logger } from '#platform/log'
import { openStorage } from '#platform/storage'
import { systemClock } from '#platform/time'
import { mountProjects, openProjects, projectMigrations } from '#projects'
import { mountRegistry, openRegistry, registerSucceededRuns, registryMigrations } from '#registry'
import { checkStagedVersions, keepRetention, mountServing, openServing, servingMigrations } from '#serving'
import { mountTracking, openTracking, trackingMigrations } from '#tracking'
import { mountTriggers, openTriggers, triggerMigrations } from '#triggers'
import type { Config } from './config.ts'
import { listen } from './listen.ts'
import { mountOperations } from './operations.ts'
import { championOf, endpointSource, freshRows, retentionOf } from './ports.ts'
import { version } from './version.ts'

const PAGES = fileURLToPath(new URL('../web/dist', import.meta.url))

export interface App {
  /** Where it answers. */
  readonly url: string
  stop(): Promise<void>
}

/** Puts the rooms together, each with what it asks for, and starts them. Resolves when requests are answered. */
export async function startApp(config: Config, log: Logger): Promise<App> {
  const clock = systemClock
  const home = await openHome(config.home)
  const storage = await openStorage({ url: config.database ?? home.database, durability: config.durability })
  await storage.migrate([
    ...eventMigrations,
    ...jobMigrations,
    ...accessMigrations,
    ...projectMigrations,
    ...dataMigrations,
    ...trackingMigrations,
    ...pipelineMigrations,
    ...registryMigrations,
    ...deploymentMigrations,
    ...servingMigrations,
    ...monitoringMigrations,
    ...triggerMigrations,
  ])
  const blobs = await openBlobFolder(home.blobs)
  const events = openEvents({ storage, clock, log })
  const jobs = openJobs({ storage, clock, log })
  const access = openAccess({ storage, clock, host: config.host })
  await access.checkAddress(config.host)
  const http = await openHttp({ log, authorize: access.authorize, version, pages: PAGES })

  const projects = openProjects({ storage, events, clock })
  const data = openData({ storage, blobs, events, clock })
  const tracking = openTracking({ storage, blobs, events, clock })
  const registry = openRegistry({ storage, blobs, events, clock })
  const deployments = openDeployments({
    storage,
    events,
    clock,
    registry,
    planOf: async (project, endpoint) => deploymentPlan((await projects.project(project)).spec, endpoint),
  })
  const endpoints = endpointSource({ deployments, registry, projects, events })
  const serving = openServing({ storage, clock, log, endpoints, onLogged: (hint) => monitoring.noticed(hint.endpoint) })
  const pipelines = openPipelines({
    ...{ storage, blobs, events, jobs, clock, projects, data, tracking },
    labelledRows: freshRows(serving),
    championOf: championOf({ deployments, registry, blobs }),
    work: home.work,
    serverUrl: () => url,
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
  })
  const triggers = openTriggers({
    ...{ storage, events, clock, log, projects, registry, deployments, monitoring },
    startPipeline: pipelines.start,
  })

  registerSucceededRuns({ events, projects, pipelines, registry })
  followVersions({
    events,
    projects,
    registry,
    deployments,
    eventTimeOf: async (name) => (await serving.reads.watermark(name)) ?? null,
  })
  checkStagedVersions({ events, storage, blobs, registry, serving })

  mountAccess(http, access)
  mountProjects(http, projects, async (tx, project) => {
    for (const [name, { environment }] of Object.entries(project.spec.deploy))
      await deployments.ensureEndpoint(tx, { name, project: project.name, environment, model: name })
  })
  mountData(http, data)
  mountTracking(http, tracking)
  mountPipelines(http, { pipelines, projects, storage })
  mountRegistry(http, registry, async (project, endpoint) =>
    certifyingRole((await projects.project(project)).spec, endpoint),
  )
  mountDeployments(http, deployments)
  mountServing(http, serving)
  mountMonitoring(http, monitoring)
  mountTriggers(http, triggers)
  mountGovernance(http, { serving, registry, tracking, pipelines, data, deployments, monitoring, events })
  const rooms = { projects, data, pipelines, registry, deployments, serving, monitoring, triggers, events, jobs }
  mountLoop(http, rooms)
  mountOperations(http, { storage, serving, jobs, events, version })

  await serving.warmAll()
  await events.start()
  await jobs.start()
  await monitoring.start()
  await triggers.start()
  const retention = keepRetention({ serving, clock, log, keepOf: retentionOf(projects) })
  const url = await listen(http.fastify, config)
  await home.announce(url)

  return {
    url,
    stop: async () => {
      await http.fastify.close()
      retention.stop()
      await triggers.stop()
      await monitoring.stop()
      await jobs.stop()
      await events.stop()
      await serving.close()
      await storage.close()
      await home.release()
    },
  }
}
