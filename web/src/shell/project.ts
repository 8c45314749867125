import { useQuery } from '@tanstack/react-query'
import { useParams } from 'react-router'
import { ask } from './server.ts'

/** The project this page belongs to: named in the address, or on a trace that of the prediction's endpoint. */
export function useProject(): string | undefined {
  const { project, prediction } = useParams()
  const trace = useQuery({
    ...ask('governance', 'trace', { params: { prediction: prediction ?? '' } }),
    enabled: prediction !== undefined,
  })
  const endpoint = trace.data?.prediction.endpoint
  const found = useQuery({
    ...ask('deployments', 'getEndpoint', { params: { endpoint: endpoint ?? '' } }),
    enabled: endpoint !== undefined,
  })
  return project ?? (prediction === undefined ? undefined : (found.data?.project ?? undefined))
}
