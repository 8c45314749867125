import { ulid } from 'ulid'
import type { Storage } from '#platform/storage'
import type { Clock } from '#platform/time'
import type { Assessment } from './contract.ts'
import { AssessmentKindDiffers, AssessmentUnknown, TraceUnknown } from './errors.ts'
import { assessmentById, deleteAssessment, insertAssessments, updateAssessment } from './store/assessments.ts'
import { traceRows } from './store/traces.ts'

export type NewAssessment = Omit<Assessment, 'id' | 'valid' | 'createdAt' | 'updatedAt'> & {
  createdAt?: number | undefined
  updatedAt?: number | undefined
}

/** What may change; the kind only says what the value is meant as. */
export interface AssessmentChange {
  name?: string | undefined
  kind?: Assessment['kind'] | undefined
  value?: unknown
  error?: Assessment['error'] | undefined
  rationale?: string | undefined
  /** Added to what is there. */
  metadata?: Record<string, string> | undefined
}

/** What people, judges and code say of a trace or of one of its spans. */
export interface Assessments {
  /** One that overrides another makes it invalid. @throws TraceUnknown, AssessmentUnknown */
  assess(trace: string, assessment: NewAssessment): Promise<Assessment>
  /** @throws TraceUnknown, AssessmentUnknown */
  assessment(trace: string, id: string): Promise<Assessment>
  /** @throws TraceUnknown, AssessmentUnknown, AssessmentKindDiffers */
  changeAssessment(trace: string, id: string, change: AssessmentChange): Promise<Assessment>
  /** What it overrode is valid again. Nothing where there is no such assessment. @throws TraceUnknown */
  withdrawAssessment(trace: string, id: string): Promise<void>
}

export function openAssessments({ storage, clock }: { storage: Storage; clock: Clock }): Assessments {
  async function required(from: Parameters<typeof assessmentById>[0], trace: string, id: string): Promise<Assessment> {
    const found = await assessmentById(from, trace, id)
    if (found) return found
    if ((await traceRows(from, [trace])).length === 0) throw new TraceUnknown(trace)
    throw new AssessmentUnknown(trace, id)
  }

  return {
    assess: (trace, { createdAt, updatedAt, ...told }) =>
      storage.write(async (tx) => {
        if ((await traceRows(tx, [trace])).length === 0) throw new TraceUnknown(trace)
        const now = clock.now()
        const made = {
          ...told,
          id: newAssessmentId(now),
          valid: true,
          createdAt: createdAt ?? now,
          updatedAt: updatedAt ?? now,
        }
        if (told.overrides !== null) {
          const overridden = await required(tx, trace, told.overrides)
          await updateAssessment(tx, trace, { ...overridden, valid: false })
        }
        await insertAssessments(tx, trace, [made])
        return made
      }),
    assessment: (trace, id) => required(storage, trace, id),
    changeAssessment: (trace, id, { metadata, kind, ...change }) =>
      storage.write(async (tx) => {
        const before = await required(tx, trace, id)
        if (kind !== undefined && kind !== before.kind) throw new AssessmentKindDiffers(before.kind, kind)
        const told = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined))
        const after = {
          ...before,
          ...told,
          metadata: { ...before.metadata, ...metadata },
          updatedAt: clock.now(),
        }
        await updateAssessment(tx, trace, after)
        return after
      }),
    withdrawAssessment: (trace, id) =>
      storage.write(async (tx) => {
        const found = await assessmentById(tx, trace, id)
        if (!found) {
          if ((await traceRows(tx, [trace])).length === 0) throw new TraceUnknown(trace)
          return
        }
        const overridden = found.overrides && (await assessmentById(tx, trace, found.overrides))
        if (overridden) await updateAssessment(tx, trace, { ...overridden, valid: true })
        await deleteAssessment(tx, trace, id)
      }),
  }
}

export const newAssessmentId = (now: number) => `a-${ulid(now).toLowerCase()}`
