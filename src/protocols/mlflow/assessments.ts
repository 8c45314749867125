import { z } from 'zod'
import type { Handlers } from '#platform/http'
import { defineRoutes } from '#platform/http/contract'
import type { Tracing } from '#tracing'
import {
  AssessmentMessage,
  AssessmentReply,
  assessmentReply,
  changeFrom,
  newAssessmentFrom,
} from './assessment-entities.ts'
import { Nothing } from './messages.ts'

const TraceRef = z.object({ trace: z.string() })
const AssessmentRef = TraceRef.extend({ assessment: z.string() })
const OneAssessment = z.object({ assessment: AssessmentReply })

/** `assessmentName,rationale` as protocol buffers write it in JSON, or the names in a list. */
const FieldMask = z
  .union([
    z.string().transform((text) => text.split(',')),
    z.object({ paths: z.array(z.string()) }).transform((mask) => mask.paths),
  ])
  .transform((names) => names.map((name) => name.trim().replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)))

export const assessmentRoutes = defineRoutes({
  createAssessment: {
    method: 'POST',
    path: '/api/3.0/mlflow/traces/:trace/assessments',
    permission: 'tracing:write',
    summary: 'MLflow: what somebody says of a trace or of one of its spans.',
    params: TraceRef,
    body: z.object({ assessment: AssessmentMessage }),
    reply: OneAssessment,
  },
  getAssessment: {
    method: 'GET',
    path: '/api/3.0/mlflow/traces/:trace/assessments/:assessment',
    permission: 'tracing:read',
    summary: 'MLflow: one assessment of a trace.',
    params: AssessmentRef,
    reply: OneAssessment,
  },
  updateAssessment: {
    method: 'PATCH',
    path: '/api/3.0/mlflow/traces/:trace/assessments/:assessment',
    permission: 'tracing:write',
    summary: 'MLflow: changes what the mask names.',
    params: AssessmentRef,
    body: z.object({ assessment: AssessmentMessage, update_mask: FieldMask }),
    reply: OneAssessment,
  },
  deleteAssessment: {
    method: 'DELETE',
    path: '/api/3.0/mlflow/traces/:trace/assessments/:assessment',
    permission: 'tracing:write',
    summary: 'MLflow: deletes an assessment; what it overrode is valid again.',
    params: AssessmentRef,
    reply: Nothing,
  },
})

export function assessmentHandlers({ tracing }: { tracing: Tracing }): Handlers<typeof assessmentRoutes> {
  return {
    createAssessment: async ({ params, body }) => {
      const made = await tracing.assess(params.trace, newAssessmentFrom(body.assessment))
      return { assessment: assessmentReply(params.trace, made) }
    },
    getAssessment: async ({ params }) => ({
      assessment: assessmentReply(params.trace, await tracing.assessment(params.trace, params.assessment)),
    }),
    updateAssessment: async ({ params, body }) => {
      const change = changeFrom(body.assessment, body.update_mask)
      const changed = await tracing.changeAssessment(params.trace, params.assessment, change)
      return { assessment: assessmentReply(params.trace, changed) }
    },
    deleteAssessment: async ({ params }) => {
      await tracing.withdrawAssessment(params.trace, params.assessment)
      return {}
    },
  }
}
