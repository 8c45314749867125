import { z } from 'zod'
import { defineRoutes, type RouteContract } from '#platform/http/contract'
import { TensorSpec } from '#runtime/contract'

const OneModel = z.object({ model: z.string() })
const OneVersion = OneModel.extend({ version: z.string() })

const ServerMetadata = z.object({ name: z.string(), version: z.string(), extensions: z.array(z.string()) })

const ModelMetadata = z.object({
  name: z.string(),
  versions: z.array(z.string()),
  platform: z.string(),
  inputs: z.array(TensorSpec),
  outputs: z.array(TensorSpec),
})

const ConfiguredTensor = z.object({ name: z.string(), data_type: z.string(), dims: z.array(z.number()) })

const Duration = z.object({ count: z.number(), ns: z.number() })

const Statistics = z.object({
  model_stats: z.array(
    z.object({
      name: z.string(),
      version: z.string(),
      inference_count: z.number(),
      execution_count: z.number(),
      inference_stats: z.object({ success: Duration, fail: Duration, compute_infer: Duration }),
    }),
  ),
})

const Nothing = z.unknown()

const modelMetadata = {
  method: 'GET',
  permission: 'serving:predict',
  summary: 'Open Inference Protocol: what a model takes and gives.',
  reply: ModelMetadata,
} as const
const modelReady = {
  method: 'GET',
  permission: 'serving:predict',
  summary: 'Open Inference Protocol: whether a model answers; 503 when it does not.',
  reply: Nothing,
  raw: true,
} as const
const modelConfig = {
  method: 'GET',
  permission: 'serving:predict',
  summary: 'Triton’s model configuration, as far as its clients need it.',
  reply: z.object({
    name: z.string(),
    platform: z.string(),
    backend: z.string(),
    max_batch_size: z.number(),
    input: z.array(ConfiguredTensor),
    output: z.array(ConfiguredTensor),
  }),
} as const
const infer = {
  method: 'POST',
  permission: 'serving:predict',
  summary: 'Open Inference Protocol: tensors in, tensors out; JSON, or JSON followed by binary data.',
  reply: Nothing,
  raw: true,
  upload: true,
} as const satisfies Omit<RouteContract, 'path'>
const statistics = {
  method: 'GET',
  permission: 'serving:read',
  summary: 'Triton’s statistics: how often models answered since the server started, and how long that took.',
  reply: Statistics,
} as const

/** The REST interface of the Open Inference Protocol V2, with Triton's extensions for repositories and binary data. */
export const oipRoutes = defineRoutes({
  serverLive: {
    method: 'GET',
    path: '/v2/health/live',
    permission: 'public',
    summary: 'Open Inference Protocol: the server runs.',
    reply: Nothing,
    raw: true,
  },
  serverReady: {
    method: 'GET',
    path: '/v2/health/ready',
    permission: 'public',
    summary: 'Open Inference Protocol: every model answers; 503 when one does not.',
    reply: Nothing,
    raw: true,
  },
  serverMetadata: {
    method: 'GET',
    path: '/v2',
    permission: 'public',
    summary: 'Open Inference Protocol: what this server is.',
    reply: ServerMetadata,
  },
  modelMetadata: { ...modelMetadata, path: '/v2/models/:model', params: OneModel },
  versionMetadata: { ...modelMetadata, path: '/v2/models/:model/versions/:version', params: OneVersion },
  modelReady: { ...modelReady, path: '/v2/models/:model/ready', params: OneModel },
  versionReady: { ...modelReady, path: '/v2/models/:model/versions/:version/ready', params: OneVersion },
  modelConfig: { ...modelConfig, path: '/v2/models/:model/config', params: OneModel },
  versionConfig: { ...modelConfig, path: '/v2/models/:model/versions/:version/config', params: OneVersion },
  infer: { ...infer, path: '/v2/models/:model/infer', params: OneModel },
  inferVersion: { ...infer, path: '/v2/models/:model/versions/:version/infer', params: OneVersion },
  statistics: { ...statistics, path: '/v2/models/stats' },
  modelStatistics: { ...statistics, path: '/v2/models/:model/stats', params: OneModel },
  repositoryIndex: {
    method: 'POST',
    path: '/v2/repository/index',
    permission: 'serving:read',
    summary: 'Triton’s repository extension: every model and its state.',
    body: z.object({ ready: z.boolean().optional() }).nullish(),
    reply: z.array(z.object({ name: z.string(), version: z.string(), state: z.string(), reason: z.string() })),
  },
  loadModel: {
    method: 'POST',
    path: '/v2/repository/models/:model/load',
    permission: 'serving:write',
    summary: 'Triton’s repository extension: loads a model; an endpoint is loaded as its roll-out says.',
    params: OneModel,
    reply: Nothing,
    raw: true,
    upload: true,
  },
  unloadModel: {
    method: 'POST',
    path: '/v2/repository/models/:model/unload',
    permission: 'serving:write',
    summary: 'Triton’s repository extension: unloads a model that no endpoint answers with.',
    params: OneModel,
    reply: Nothing,
    raw: true,
    upload: true,
  },
})
