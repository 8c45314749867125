import { encodeJson } from '#platform/storage'
import type { Clock } from '#platform/time'
import type { Tensors } from '#runtime'
import { answeringOf } from './answering.ts'
import type { EndpointStates, ReadyEndpoint } from './endpoint-state.ts'
import type { PredictionLog } from './log.ts'
import { isLogged } from './log-policy.ts'
import { type Route, stickyColumn, stickyKey } from './router.ts'
import type { EndpointStats } from './stats.ts'
import { firstNumber, tensorRecord } from './tensor-record.ts'

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
  /** Under which the answer is logged; a request that is repeated is another one. */
  readonly predictionId: string | undefined
}

export interface InferNeeds {
  readonly states: EndpointStates
  readonly statsOf: (endpoint: string) => EndpointStats
  readonly log: PredictionLog
  readonly clock: Clock
  readonly newId: () => string
}

/**
 * Runs the graph of the version that the roll-out has for the request, counts it like any answer, and logs of a model of plain
 * tensors what they were. Pixels of a model of pictures are not logged: its records are what is measured of pictures, and these were not.
 *
 * @throws EndpointUnknown, EndpointNotReady, TensorInvalid, ModelFailed and what else the model says
 */
export async function inferTensors(request: InferRequest, needs: InferNeeds): Promise<InferReply> {
  const { endpoint, feeds, wanted, header } = request
  const started = performance.now()
  const receivedAt = needs.clock.now()
  const state = needs.states.current(endpoint) ?? (await needs.states.ready(endpoint))
  const id = needs.newId()
  const key = stickyKey(state.endpoint.traffic, {}, header) ?? request.id ?? id
  const { version, route, graph, signature } = answeringOf(state, key)
  const stats = needs.statsOf(endpoint)
  const rows = Object.values(feeds)[0]?.shape[0] ?? 1
  const tookUs = () => Math.round((performance.now() - started) * 1000)
  try {
    const outputs = await graph.run(feeds, wanted)
    const latencyUs = tookUs()
    stats.ran(version, latencyUs)
    const predictionId = signature.tensors && isLogged(id, state.endpoint.log) ? id : undefined
    if (predictionId !== undefined)
      await needs.log.append([
        {
          ...recordOf(state, request, { outputs, version, route }),
          ...{ id: predictionId, eventTime: receivedAt, receivedAt, latencyUs },
        },
      ])
    stats.served(version, route, rows, latencyUs)
    return { version, outputs, predictionId }
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

/** What of its record does not depend on when and by whom it was answered. */
function recordOf(
  { name, endpoint, stable, canary }: ReadyEndpoint,
  { feeds, id: requestId, header }: InferRequest,
  { outputs, version, route }: { outputs: Tensors; version: number; route: Route },
) {
  const value = firstNumber(outputs)
  const record = {
    ...tensorRecord({ feeds, outputs, requestId }, endpoint.log),
    ...stickyColumn(endpoint.traffic, header),
  }
  return {
    ...{ endpoint: name, project: endpoint.project, model: endpoint.model, version, route },
    ...{ inputs: encodeJson(record), value, label: null, probabilities: null, scores: `{"${version}":${value}}` },
    weights: (route === 'canary' && canary ? canary : stable).weights,
  }
}
