import { z } from 'zod'
import { EvaluationReport } from '#evaluation/contract'
import { defineRoutes, PageQuery } from '#platform/http/contract'
import { CertificateReply } from './certificate.contract.ts'
import { Model, ModelVersion, ServicePeriod } from './entities.contract.ts'
import { PointInTime } from './point-in-time.ts'

const OneModel = z.object({ model: z.string() })
const OneVersion = z.object({ model: z.string(), version: z.coerce.number().int().min(1) })

/** What people say about a model or a version, as a change. */
const Notes = z.object({
  description: z.string().max(100_000).optional(),
  tags: z.record(z.string(), z.string().nullable()).optional(),
})

export const registryRoutes = defineRoutes({
  listModels: {
    method: 'GET',
    path: '/api/models',
    permission: 'registry:read',
    summary: 'Registered models.',
    query: z.object({ project: z.string().optional().describe('`none` for models of no project.') }),
    reply: z.object({ models: z.array(Model) }),
  },
  getModel: {
    method: 'GET',
    path: '/api/models/:model',
    permission: 'registry:read',
    summary: 'One registered model with its aliases.',
    params: OneModel,
    reply: Model,
  },
  listVersions: {
    method: 'GET',
    path: '/api/models/:model/versions',
    permission: 'registry:read',
    summary: 'Versions of a model, newest first.',
    params: OneModel,
    query: PageQuery,
    reply: z.object({ versions: z.array(ModelVersion), next: z.string().nullable() }),
  },
  getVersion: {
    method: 'GET',
    path: '/api/models/:model/versions/:version',
    permission: 'registry:read',
    summary: 'One version with its evaluation report and release checks.',
    params: OneVersion,
    reply: ModelVersion.extend({ report: EvaluationReport.nullable() }),
  },
  certifyVersion: {
    method: 'POST',
    path: '/api/models/:model/versions/:version/certify',
    permission: 'registry:certify',
    summary:
      'Signs that a version may reach production. The identity needs a role that the environment asks for and that has not signed yet.',
    params: OneVersion,
    body: z.object({
      note: z.string().max(2000).default(''),
      automatic: z.boolean().default(false),
      report: z.string().optional().describe('Hash of the report that was read; another one by now is refused.'),
    }),
    reply: ModelVersion,
  },
  rejectVersion: {
    method: 'POST',
    path: '/api/models/:model/versions/:version/reject',
    permission: 'registry:certify',
    summary: 'Says that a version must not reach production, and why.',
    params: OneVersion,
    body: z.object({ reason: z.string().min(1).max(2000) }),
    reply: ModelVersion,
  },
  getCertificate: {
    method: 'GET',
    path: '/api/models/:model/versions/:version/certificate',
    permission: 'registry:read',
    summary: 'The report that is signed: everything for and against a version, its hash, and who signed it.',
    params: OneVersion,
    reply: CertificateReply,
  },
  downloadPackage: {
    method: 'GET',
    path: '/api/models/:model/versions/:version/package',
    permission: 'registry:read',
    summary: 'The ONNX file, its hash as ETag.',
    params: OneVersion,
    reply: z.unknown(),
    raw: true,
  },
  updateModel: {
    method: 'PATCH',
    path: '/api/models/:model',
    permission: 'registry:write',
    summary: 'Changes what people say about a model: its description, its tags (null removes one).',
    params: OneModel,
    body: Notes,
    reply: Model,
  },
  updateVersion: {
    method: 'PATCH',
    path: '/api/models/:model/versions/:version',
    permission: 'registry:write',
    summary: 'Changes what people say about a version: its description, its tags (null removes one).',
    params: OneVersion,
    body: Notes,
    reply: ModelVersion,
  },
  deleteVersion: {
    method: 'DELETE',
    path: '/api/models/:model/versions/:version',
    permission: 'registry:write',
    summary: 'Deletes a version that has never served; its number is not given again.',
    params: OneVersion,
    reply: z.object({}),
  },
  setAlias: {
    method: 'PUT',
    path: '/api/models/:model/aliases/:alias',
    permission: 'registry:write',
    summary: 'Points an alias at a version. champion and previous of a served model are set by roll-outs only.',
    params: OneModel.extend({ alias: z.string() }),
    body: z.object({ version: z.number().int().min(1) }),
    reply: Model,
  },
  deleteAlias: {
    method: 'DELETE',
    path: '/api/models/:model/aliases/:alias',
    permission: 'registry:write',
    summary: 'Removes an alias.',
    params: OneModel.extend({ alias: z.string() }),
    reply: Model,
  },
  productionHistory: {
    method: 'GET',
    path: '/api/models/:model/history',
    permission: 'registry:read',
    summary: 'Which version was in production when, newest first; with `at`, which it was on a day or at an instant.',
    params: OneModel,
    query: PageQuery.extend({ at: PointInTime.optional() }),
    reply: z.object({ periods: z.array(ServicePeriod), next: z.string().nullable() }),
  },
})
