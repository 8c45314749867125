import { z } from 'zod'
import type { Handlers } from '#platform/http'
import { defineRoutes, type RouteContract } from '#platform/http/contract'
import { ParameterInvalid } from './dialect.ts'
import { Int64, message, Nothing } from './messages.ts'
import { checkedTraceTag, TRACE_NAME } from './trace-entities.ts'
import type { TraceNeeds } from './traces.ts'

const TraceRef = z.object({ trace: z.string() })

/** The same under both versions of the interface: clients use either. */
function change<const Route extends Omit<RouteContract, 'path'>>(
  path: string,
  route: Route,
): [v2: Route & { path: string }, v3: Route & { path: string }] {
  return [
    { ...route, path: `/api/2.0/mlflow/traces${path}` },
    { ...route, path: `/api/3.0/mlflow/traces${path}` },
  ]
}

const [setTag, setTagV3] = change('/:trace/tags', {
  method: 'PATCH',
  permission: 'tracing:write',
  summary: 'MLflow: a tag of a trace.',
  params: TraceRef,
  body: message({ key: z.string(), value: z.string().default('') }),
  reply: Nothing,
})
const [deleteTag, deleteTagV3] = change('/:trace/tags', {
  method: 'DELETE',
  permission: 'tracing:write',
  summary: 'MLflow: removes a tag of a trace.',
  params: TraceRef,
  // The client sends it in the body; others may put it into the address.
  query: z.object({ key: z.string().optional() }),
  body: message({ key: z.string().optional() }).nullish(),
  reply: Nothing,
})
const [deleteTraces, deleteTracesV3] = change('/delete-traces', {
  method: 'POST',
  permission: 'tracing:write',
  summary: 'MLflow: deletes traces by their ids, or the oldest up to a time.',
  body: message({
    experiment_id: z.string(),
    max_timestamp_millis: Int64.optional(),
    max_traces: Int64.optional(),
    request_ids: z.array(z.string()).max(10_000).default([]),
  }),
  reply: z.object({ traces_deleted: z.number() }),
})
const [linkToRun, linkToRunV3] = change('/link-to-run', {
  method: 'POST',
  permission: 'tracing:write',
  summary: 'MLflow: links traces to a run they were not made in.',
  body: message({ trace_ids: z.array(z.string()), run_id: z.string() }),
  reply: Nothing,
})
const [linkPrompts, linkPromptsV3] = change('/link-prompts', {
  method: 'POST',
  permission: 'tracing:write',
  summary: 'MLflow: links versions of prompts to a trace.',
  body: message({
    trace_id: z.string(),
    prompt_versions: z
      .array(z.object({ name: z.string(), version: z.union([z.string(), z.int()]).transform(String) }))
      .max(1_000),
  }),
  reply: Nothing,
})

export const traceChangeRoutes = defineRoutes({
  ...{ setTag, setTagV3, deleteTag, deleteTagV3, deleteTraces, deleteTracesV3 },
  ...{ linkToRun, linkToRunV3, linkPrompts, linkPromptsV3 },
})

const MOST_LINKS = 100

export function traceChangeHandlers({ tracing, tracking }: TraceNeeds): Handlers<typeof traceChangeRoutes> {
  const changes: Pick<
    Handlers<typeof traceChangeRoutes>,
    'setTag' | 'deleteTag' | 'deleteTraces' | 'linkToRun' | 'linkPrompts'
  > = {
    setTag: async ({ params, body }) => {
      const [key, value] = checkedTraceTag(body.key, body.value)
      if (key === TRACE_NAME) await tracing.renameTrace(params.trace, value)
      else await tracing.tagTrace(params.trace, { [key]: value })
      return {}
    },
    deleteTag: async ({ params, query, body }) => {
      const key = body?.key ?? query.key
      if (!key) throw new ParameterInvalid("Missing value for required parameter 'key'.")
      checkedTraceTag(key, '')
      if (key === TRACE_NAME) await tracing.renameTrace(params.trace, null)
      else await tracing.untagTrace(params.trace, key)
      return {}
    },
    deleteTraces: async ({ body }) => {
      const { max_timestamp_millis: until, max_traces: most, request_ids: ids } = body
      if (until === undefined && ids.length === 0)
        throw new ParameterInvalid('Either `max_timestamp_millis` or `trace_ids` must be specified.')
      if (until !== undefined && ids.length > 0)
        throw new ParameterInvalid('Only one of `max_timestamp_millis` and `trace_ids` can be specified.')
      if (most !== undefined && ids.length > 0)
        throw new ParameterInvalid("`max_traces` can't be specified if `trace_ids` is specified.")
      if (most !== undefined && most <= 0)
        throw new ParameterInvalid(`\`max_traces\` must be a positive integer, received ${most}.`)
      const traces_deleted = await tracing.deleteTraces({
        experiment: body.experiment_id,
        ...(ids.length > 0 ? { ids } : { startedUntil: until }),
        limit: most ?? Number.MAX_SAFE_INTEGER,
      })
      return { traces_deleted }
    },
    linkToRun: async ({ body }) => {
      if (body.trace_ids.length > MOST_LINKS)
        throw new ParameterInvalid(
          `Cannot link more than ${MOST_LINKS} traces to a run in a single request. Provided ${body.trace_ids.length} traces.`,
        )
      const run = await tracking.run(body.run_id)
      await tracing.linkTraces(body.trace_ids, { kind: 'run', target: run.id })
      return {}
    },
    linkPrompts: async ({ body }) => {
      const trace = await tracing.trace(body.trace_id)
      for (const { name, version } of body.prompt_versions)
        await tracing.linkTraces([trace.id], { kind: 'prompt', target: `${name}/${version}` })
      return {}
    },
  }
  const { setTag, deleteTag, deleteTraces, linkToRun, linkPrompts } = changes
  return {
    ...{ setTag, setTagV3: setTag, deleteTag, deleteTagV3: deleteTag, deleteTraces, deleteTracesV3: deleteTraces },
    ...{ linkToRun, linkToRunV3: linkToRun, linkPrompts, linkPromptsV3: linkPrompts },
  }
}
