import type { Storage, Tx } from '#platform/storage'
import { decodeJson, encodeJson } from '#platform/storage'
import type { Assessment } from '../contract.ts'
import { type AssessmentRow, inPieces, reading } from './tables.ts'

export async function insertAssessments(tx: Tx, trace: string, assessments: readonly Assessment[]): Promise<void> {
  for (const piece of inPieces(assessments, 16)) {
    await reading(tx)
      .insertInto('tracing_assessments')
      .values(piece.map((assessment) => rowOf(trace, assessment)))
      // One that came with its trace comes again when the client sends the trace again.
      .onConflict((c) => c.column('id').doNothing())
      .execute()
  }
}

export async function updateAssessment(tx: Tx, trace: string, assessment: Assessment): Promise<void> {
  await reading(tx)
    .updateTable('tracing_assessments')
    .set(rowOf(trace, assessment))
    .where('id', '=', assessment.id)
    .where('trace', '=', trace)
    .execute()
}

export async function deleteAssessment(tx: Tx, trace: string, id: string): Promise<void> {
  await reading(tx).deleteFrom('tracing_assessments').where('id', '=', id).where('trace', '=', trace).execute()
}

export async function assessmentById(from: Storage | Tx, trace: string, id: string): Promise<Assessment | undefined> {
  const row = await reading(from)
    .selectFrom('tracing_assessments')
    .selectAll()
    .where('trace', '=', trace)
    .where('id', '=', id)
    .executeTakeFirst()
  return row && fromRow(row)
}

/** In the order they were made. */
export async function assessmentsOf(from: Storage | Tx, traces: readonly string[]): Promise<Map<string, Assessment[]>> {
  const found = new Map<string, Assessment[]>()
  for (const piece of inPieces(traces, 1)) {
    const rows = await reading(from)
      .selectFrom('tracing_assessments')
      .selectAll()
      .where('trace', 'in', piece)
      .orderBy('created_at')
      .orderBy('id')
      .execute()
    for (const row of rows) found.set(row.trace, [...(found.get(row.trace) ?? []), fromRow(row)])
  }
  return found
}

function rowOf(trace: string, assessment: Assessment): AssessmentRow {
  const { value } = assessment
  return {
    id: assessment.id,
    trace,
    name: assessment.name,
    kind: assessment.kind,
    span: assessment.span,
    source_type: assessment.source.type,
    source_id: assessment.source.id,
    value: encodeJson(value),
    number: typeof value === 'number' ? value : typeof value === 'boolean' ? Number(value) : null,
    error: encodeJson(assessment.error),
    rationale: assessment.rationale,
    metadata: encodeJson(assessment.metadata),
    overrides: assessment.overrides,
    valid: Number(assessment.valid),
    created_at: assessment.createdAt,
    updated_at: assessment.updatedAt,
  }
}

function fromRow(row: AssessmentRow): Assessment {
  return {
    id: row.id,
    name: row.name,
    kind: row.kind,
    span: row.span,
    source: { type: row.source_type, id: row.source_id },
    value: decodeJson(row.value),
    error: decodeJson(row.error),
    rationale: row.rationale,
    metadata: decodeJson(row.metadata),
    overrides: row.overrides,
    valid: row.valid === 1,
    createdAt: Number(row.created_at),
    updatedAt: Number(row.updated_at),
  }
}
