import { z } from 'zod'
import type { Handlers } from '#platform/http'
import { defineRoutes } from '#platform/http/contract'
import { ParameterInvalid } from './dialect.ts'
import { DEFAULT_EXPERIMENT, PARENT_RUN, RUN_NAME, runInfo, runReply, stateFrom, USER } from './entities.ts'
import { type ExperimentNeeds, ensureDefaultExperiment } from './experiments.ts'
import { checkedFirstTag } from './limits.ts'
import { Int64, KeyValue, message, Nothing, RunInfo, RunRef, RunReply } from './messages.ts'

const FirstTag = KeyValue.extend({ key: z.string().default('') })

const OneRun = z.object({ run: RunReply })

export const runRoutes = defineRoutes({
  createRun: {
    method: 'POST',
    path: '/api/2.0/mlflow/runs/create',
    permission: 'tracking:write',
    summary: 'MLflow: starts a run, nested where its tag mlflow.parentRunId says so.',
    body: message({
      experiment_id: z.string().default(''),
      user_id: z.string().optional(),
      run_name: z.string().optional(),
      start_time: Int64.optional(),
      tags: z.array(FirstTag).default([]),
    }),
    reply: OneRun,
  },
  getRun: {
    method: 'GET',
    path: '/api/2.0/mlflow/runs/get',
    permission: 'tracking:read',
    summary: 'MLflow: a run with its params, latest metrics, tags, inputs and outputs.',
    query: RunRef,
    reply: OneRun,
  },
  updateRun: {
    method: 'POST',
    path: '/api/2.0/mlflow/runs/update',
    permission: 'tracking:write',
    summary: 'MLflow: ends a run, or renames it.',
    body: message({
      ...RunRef.shape,
      status: z.union([z.string(), z.int()]).optional(),
      end_time: Int64.optional(),
      run_name: z.string().optional(),
    }),
    reply: z.object({ run_info: RunInfo }),
  },
  deleteRun: {
    method: 'POST',
    path: '/api/2.0/mlflow/runs/delete',
    permission: 'tracking:write',
    summary: 'MLflow: puts a run into the bin.',
    body: message(RunRef.shape),
    reply: Nothing,
  },
  restoreRun: {
    method: 'POST',
    path: '/api/2.0/mlflow/runs/restore',
    permission: 'tracking:write',
    summary: 'MLflow: takes a run out of the bin.',
    body: message(RunRef.shape),
    reply: Nothing,
  },
})

/** The order of statuses in MLflow's protocol buffers, from 1. */
const STATUSES = ['RUNNING', 'SCHEDULED', 'FINISHED', 'FAILED', 'KILLED']

export function runHandlers(needs: ExperimentNeeds): Handlers<typeof runRoutes> {
  const { tracking } = needs
  return {
    createRun: async ({ body }) => {
      const experiment = body.experiment_id || DEFAULT_EXPERIMENT.id
      await ensureDefaultExperiment(needs, experiment)
      const { name, parent, tags } = namesIn(body)
      const run = await tracking.startRun({
        experiment,
        name,
        parent,
        startedAt: body.start_time || undefined,
        tags: tags.map(checkedFirstTag),
      })
      const { outputs: _, ...reply } = runReply(run, [])
      return { run: reply }
    },
    getRun: async ({ query }) => {
      const { run, points } = await tracking.runWithPoints(runId(query))
      return { run: runReply(run, points) }
    },
    updateRun: async ({ body }) => {
      const status = typeof body.status === 'number' ? STATUSES[body.status - 1] : body.status
      const run = await tracking.updateRun(runId(body), {
        ...(body.status !== undefined && { state: stateFrom(status ?? String(body.status)) }),
        endedAt: body.end_time,
        name: body.run_name || undefined,
      })
      return { run_info: runInfo(run) }
    },
    deleteRun: async ({ body }) => {
      await tracking.deleteRun(runId(body))
      return {}
    },
    restoreRun: async ({ body }) => {
      await tracking.restoreRun(runId(body))
      return {}
    },
  }
}

/** @throws ParameterInvalid */
export function runId({ run_id, run_uuid }: z.output<typeof RunRef>): string {
  const id = run_id || run_uuid
  if (!id) throw new ParameterInvalid("Missing value for required parameter 'run_id'.")
  return id
}

/** The tags of a new run that are more than tags: its name, its parent and who started it. */
function namesIn(body: { run_name?: string | undefined; user_id?: string | undefined; tags: readonly KeyValue[] }) {
  const tagged = new Map(body.tags.map(({ key, value }) => [key, value]))
  const named = tagged.get(RUN_NAME)
  if (body.run_name && named && body.run_name !== named)
    throw new ParameterInvalid(
      `Both 'run_name' argument and 'mlflow.runName' tag are specified, but with different values ('${body.run_name}', '${named}').`,
    )
  const user = body.user_id && !tagged.has(USER) ? [{ key: USER, value: body.user_id }] : []
  return {
    name: body.run_name || named || undefined,
    parent: tagged.get(PARENT_RUN),
    tags: [...body.tags.filter(({ key }) => key !== RUN_NAME), ...user],
  }
}
