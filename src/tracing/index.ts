export { decodeValues, encodeValues } from './attribute-json.ts'
export { type AssessmentChange, type NewAssessment, newAssessmentId } from './assessments.ts'
export { TraceUnknown } from './errors.ts'
export type { Description } from './merge.ts'
export { tracingMigrations } from './migrations.ts'
export { mountTracing } from './routes.ts'
export {
  type Attributes,
  type AttributeValue,
  checkedSpan,
  DEEPEST,
  type Span,
  type TraceHints,
  traceIdOf,
} from './span.ts'
export type { Condition, Order } from './store/search.ts'
export type { WholeTrace } from './traces.ts'
export { openTracing, type Tracing } from './tracing.ts'
