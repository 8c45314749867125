import { z } from 'zod'
import type { Handlers } from '#platform/http'
import { defineRoutes } from '#platform/http/contract'
import { ParameterInvalid, TransferNotOffered } from './dialect.ts'
import { Nothing } from './messages.ts'

/*
 * Ways past the server to a bucket. Clients ask which of them there are (server-info) and take the way through the
 * server instead; who asks nevertheless is told as the original tells.
 */

const Place = z.object({ '*': z.string() })

const part = (step: string) =>
  ({
    method: 'POST',
    path: `/api/2.0/mlflow-artifacts/mpu/${step}/*`,
    permission: 'tracking:write',
    summary: 'MLflow: uploads in parts, which are not offered: an upload is a stream of any size.',
    params: Place,
    reply: Nothing,
  }) as const

const signed = (way: string) =>
  ({
    method: 'POST',
    path: `/api/2.0/mlflow/artifacts/presigned-${way}-url`,
    permission: 'tracking:read',
    summary: 'MLflow: addresses in a bucket, which are not offered: artifacts go through the server.',
    reply: Nothing,
  }) as const

export const directTransferRoutes = defineRoutes({
  createUploadInParts: part('create'),
  completeUploadInParts: part('complete'),
  abortUploadInParts: part('abort'),
  signDownload: signed('download'),
  signUpload: signed('upload'),
  signedDownload: {
    method: 'GET',
    path: '/api/2.0/mlflow-artifacts/presigned/*',
    permission: 'tracking:read',
    summary: 'MLflow: addresses in a bucket, which are not offered: artifacts go through the server.',
    params: Place,
    reply: Nothing,
  },
})

const noParts = async () => {
  throw new TransferNotOffered('An upload in parts')
}
const noAddress = async () => {
  throw new ParameterInvalid(
    'There is no presigned address for an artifact of this server.',
    'Send and fetch it through the server: /api/2.0/mlflow-artifacts/artifacts/<path>.',
  )
}

export const directTransferHandlers: Handlers<typeof directTransferRoutes> = {
  createUploadInParts: noParts,
  completeUploadInParts: noParts,
  abortUploadInParts: noParts,
  signDownload: noAddress,
  signUpload: noAddress,
  signedDownload: async () => {
    throw new TransferNotOffered('A presigned address')
  },
}
