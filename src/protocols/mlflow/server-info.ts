import { z } from 'zod'
import type { Handlers } from '#platform/http'
import { defineRoutes } from '#platform/http/contract'

/** The release of MLflow whose interface this is; clients ask for it to tell what a server can do. */
const SPEAKS = '3.17.2'

const ServerInfo = z.object({
  store_type: z.literal('SqlStore'),
  workspaces_enabled: z.literal(false),
  trace_archival_enabled: z.literal(false),
  multipart_uploads_enabled: z.literal(false),
  multipart_downloads_enabled: z.literal(false),
  presigned_upload_run_id_supported: z.literal(false),
  presigned_upload_model_id_supported: z.literal(false),
  features_enabled: z.object({ gateway: z.literal(false) }),
})

export const serverInfoRoutes = defineRoutes({
  serverInfo: {
    method: 'GET',
    path: '/api/3.0/mlflow/server-info',
    permission: 'public',
    summary: 'MLflow: what this server can do. Clients ask before they identify themselves.',
    reply: ServerInfo,
  },
  version: {
    method: 'GET',
    path: '/version',
    permission: 'public',
    summary: 'MLflow: the release whose interface this server speaks.',
    raw: true,
    reply: z.string(),
  },
})

export const serverInfoHandlers: Handlers<typeof serverInfoRoutes> = {
  serverInfo: async () => ({
    store_type: 'SqlStore',
    workspaces_enabled: false,
    trace_archival_enabled: false,
    multipart_uploads_enabled: false,
    multipart_downloads_enabled: false,
    presigned_upload_run_id_supported: false,
    presigned_upload_model_id_supported: false,
    features_enabled: { gateway: false },
  }),
  version: async ({ reply }) => reply.type('text/plain; charset=utf-8').send(SPEAKS) as unknown as string,
}
