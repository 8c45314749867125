import { accessMigrations } from '#access'
import { batchMigrations } from '#batch'
import { dataMigrations, fileMigrations } from '#data'
import { deploymentMigrations } from '#deployments'
import { featureMigrations } from '#features'
import { monitoringMigrations } from '#monitoring'
import { packagingMigrations } from '#packaging'
import { pipelineMigrations } from '#pipelines'
import { eventMigrations } from '#platform/events'
import { jobMigrations } from '#platform/jobs'
import type { Migration } from '#platform/storage'
import { projectMigrations } from '#projects'
import { registryMigrations } from '#registry'
import { servingMigrations } from '#serving'
import { tracingMigrations } from '#tracing'
import { trackingMigrations } from '#tracking'
import { triggerMigrations } from '#triggers'
import { webhookMigrations } from '#webhooks'
import { operationMigrations } from './operations.ts'

/** Every room's tables, in the order of the rooms. */
export const migrations: readonly Migration[] = [
  ...eventMigrations,
  ...jobMigrations,
  ...accessMigrations,
  ...projectMigrations,
  ...dataMigrations,
  ...fileMigrations,
  ...featureMigrations,
  ...trackingMigrations,
  ...tracingMigrations,
  ...pipelineMigrations,
  ...registryMigrations,
  ...packagingMigrations,
  ...webhookMigrations,
  ...deploymentMigrations,
  ...servingMigrations,
  ...batchMigrations,
  ...monitoringMigrations,
  ...triggerMigrations,
  ...operationMigrations,
]
