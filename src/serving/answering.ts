import type { Signature } from '#registry/contract'
import type { TensorModel } from '#runtime'
import type { ReadyEndpoint } from './endpoint-state.ts'
import { isOnCanary, type Route } from './router.ts'

/** What answers at an endpoint just now, for those who translate other protocols onto it. */
export interface AnsweringEndpoint {
  readonly name: string
  /** The champion of the route. */
  readonly version: number
  readonly route: Route
  readonly signature: Signature
  readonly graph: TensorModel
  /** Columns that say when a record happened. */
  readonly time: readonly string[]
  /** Whether feature views fill in what a record leaves out. */
  readonly completes: boolean
}

/** @param id the request's, which decides whether the canary answers it; without one the stable version does */
export function answeringOf(state: ReadyEndpoint, id: string | undefined): AnsweringEndpoint {
  const { name, endpoint, stable, canary, champion, scoring } = state
  const arm = canary && id !== undefined && isOnCanary(id, endpoint.traffic.canary!.share) ? canary : stable
  return {
    name,
    version: arm.champion,
    route: arm.route,
    signature: champion.signature,
    graph: (scoring.get(arm.champion) ?? champion).graph,
    time: endpoint.time,
    completes: (endpoint.features ?? []).length > 0,
  }
}
