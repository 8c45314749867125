import { randomUUID } from 'node:crypto'
import type { Tensors } from '#runtime'
import { answeringOf } from './answering.ts'
import type { EndpointStates } from './endpoint-state.ts'
import { stickyKey } from './router.ts'
import type { EndpointStats } from './stats.ts'

/** A question of a model that takes no records. */
export interface InferRequest {
  readonly endpoint: string
  /** Decides with which version a canary answers; one by chance when absent. */
  readonly id: string | undefined
  readonly feeds: Tensors
  /** The outputs that are wanted; all when absent. */
  readonly wanted: readonly string[] | undefined
  /** A header of the request, for endpoints that keep arms of an experiment by one. */
  readonly header?: ((name: string) => string | undefined) | undefined
}

export interface InferReply {
  readonly version: number
  readonly outputs: Tensors
}

/**
 * Runs the graph of the version that the roll-out has for the request, and counts it like any answer. Tensors are not logged:
 * what a column of them means, nobody says.
 *
 * @throws EndpointUnknown, EndpointNotReady, TensorInvalid, ModelFailed and what else the model says
 */
export async function inferTensors(
  { endpoint, id, feeds, wanted, header }: InferRequest,
  needs: { states: EndpointStates; statsOf: (endpoint: string) => EndpointStats },
): Promise<InferReply> {
  const started = performance.now()
  const state = needs.states.current(endpoint) ?? (await needs.states.ready(endpoint))
  const { version, route, graph } = answeringOf(
    state,
    stickyKey(state.endpoint.traffic, {}, header) ?? id ?? randomUUID(),
  )
  const stats = needs.statsOf(endpoint)
  const rows = Object.values(feeds)[0]?.shape[0] ?? 1
  const tookUs = () => Math.round((performance.now() - started) * 1000)
  try {
    const outputs = await graph.run(feeds, wanted)
    stats.ran(version, tookUs())
    stats.served(version, route, rows, tookUs())
    return { version, outputs }
  } catch (error) {
    const { status = 500 } = error as { status?: number }
    if (status < 500) stats.refused()
    else {
      stats.versionFailed(version, rows, tookUs())
      stats.failed(rows)
    }
    throw error
  }
}
