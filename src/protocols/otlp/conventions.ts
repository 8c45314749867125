import { type Attributes, type AttributeValue, decodeValues, type Span } from '#tracing'
import type { Tokens } from '#tracing/contract'

/**
 * What attributes mean in the conventions in use, the first that is there counting: MLflow's own, OpenTelemetry's for
 * generative AI (https://opentelemetry.io/docs/specs/semconv/gen-ai/), OpenInference's and OpenLLMetry's.
 */
const KEYS = {
  inputs: [
    'mlflow.spanInputs',
    'gen_ai.input.messages',
    'gen_ai.tool.call.arguments',
    'input.value',
    'traceloop.entity.input',
  ],
  outputs: [
    'mlflow.spanOutputs',
    'gen_ai.output.messages',
    'gen_ai.tool.call.result',
    'output.value',
    'traceloop.entity.output',
  ],
  session: ['session.id', 'gen_ai.conversation.id'],
  user: ['user.id'],
  inputTokens: ['gen_ai.usage.input_tokens', 'gen_ai.usage.prompt_tokens', 'llm.token_count.prompt'],
  outputTokens: ['gen_ai.usage.output_tokens', 'gen_ai.usage.completion_tokens', 'llm.token_count.completion'],
  totalTokens: ['llm.token_count.total', 'llm.usage.total_tokens'],
} as const

const TYPE = 'mlflow.spanType'
const USAGE = 'mlflow.chat.tokenUsage'
export const TRACE_TAG = 'mlflow.traceTag.'

/** Kinds of spans in the other conventions, in MLflow's words. */
const KINDS: Record<string, Record<string, string>> = {
  'gen_ai.operation.name': {
    chat: 'CHAT_MODEL',
    create_agent: 'AGENT',
    embeddings: 'EMBEDDING',
    execute_tool: 'TOOL',
    generate_content: 'LLM',
    invoke_agent: 'AGENT',
    text_completion: 'LLM',
  },
  'openinference.span.kind': {
    AGENT: 'AGENT',
    CHAIN: 'CHAIN',
    EMBEDDING: 'EMBEDDING',
    EVALUATOR: 'EVALUATOR',
    GUARDRAIL: 'GUARDRAIL',
    LLM: 'LLM',
    RERANKER: 'RERANKER',
    RETRIEVER: 'RETRIEVER',
    TOOL: 'TOOL',
  },
  'traceloop.span.kind': { agent: 'AGENT', task: 'TASK', tool: 'TOOL', workflow: 'WORKFLOW' },
}

export interface Meaning extends Pick<Span, 'type' | 'inputsKey' | 'outputsKey' | 'tokens'> {
  session: string | undefined
  user: string | undefined
}

export function meaningOf(attributes: Attributes): Meaning {
  return {
    type: typeOf(attributes),
    inputsKey: keyIn(attributes, KEYS.inputs) ?? null,
    outputsKey: keyIn(attributes, KEYS.outputs) ?? null,
    tokens: tokensIn(attributes),
    session: textAt(attributes, keyIn(attributes, KEYS.session)),
    user: textAt(attributes, keyIn(attributes, KEYS.user)),
  }
}

/** Tags of the whole trace that its root span carries. */
export function traceTagsIn(attributes: Attributes): Record<string, string> {
  const tags = Object.entries(attributes).filter(([key]) => key.startsWith(TRACE_TAG))
  return Object.fromEntries(tags.map(([key, value]) => [key.slice(TRACE_TAG.length), textOf(value)]))
}

/** A value as text: what is text already, else its JSON. */
export function textOf(value: AttributeValue): string {
  return typeof value === 'string'
    ? value
    : typeof value === 'object'
      ? JSON.stringify(value, bigAsNumber)
      : String(value)
}

const bigAsNumber = (_: string, value: unknown) => (typeof value === 'bigint' ? Number(value) : value)

function typeOf(attributes: Attributes): string {
  const told = attributes[TYPE]
  if (typeof told === 'string' && told !== '') return told
  for (const [key, kinds] of Object.entries(KINDS)) {
    const kind = attributes[key]
    if (typeof kind === 'string' && Object.hasOwn(kinds, kind)) return kinds[kind]!
  }
  return 'UNKNOWN'
}

function tokensIn(attributes: Attributes): Tokens | null {
  const usage = tokensFrom(attributes[USAGE])
  if (usage) return usage
  const input = countAt(attributes, KEYS.inputTokens)
  const output = countAt(attributes, KEYS.outputTokens)
  if (input === undefined && output === undefined) return null
  const total = countAt(attributes, KEYS.totalTokens) ?? (input ?? 0) + (output ?? 0)
  return { input: input ?? 0, output: output ?? 0, total }
}

/** MLflow's form, `{"input_tokens": 3, "output_tokens": 4, "total_tokens": 7}`, as a value or as JSON text. */
export function tokensFrom(usage: AttributeValue | undefined): Tokens | null {
  const told = typeof usage === 'string' ? parsed(usage) : usage
  if (typeof told !== 'object' || told === null || Array.isArray(told)) return null
  const { input_tokens, output_tokens, total_tokens } = told as Record<string, AttributeValue>
  const [input, output, total] = [input_tokens, output_tokens, total_tokens].map(countOf)
  if (input === undefined && output === undefined && total === undefined) return null
  return { input: input ?? 0, output: output ?? 0, total: total ?? (input ?? 0) + (output ?? 0) }
}

const keyIn = (attributes: Attributes, keys: readonly string[]) =>
  keys.find((key) => attributes[key] !== undefined && attributes[key] !== null)

function textAt(attributes: Attributes, key: string | undefined): string | undefined {
  const value = key === undefined ? undefined : attributes[key]
  return value === undefined || value === null ? undefined : textOf(value).slice(0, 250)
}

function countAt(attributes: Attributes, keys: readonly string[]): number | undefined {
  const key = keyIn(attributes, keys)
  return key === undefined ? undefined : countOf(attributes[key])
}

function countOf(value: AttributeValue | undefined): number | undefined {
  const count = typeof value === 'bigint' || typeof value === 'number' ? Math.round(Number(value)) : Number.NaN
  return Number.isSafeInteger(count) && count >= 0 ? count : undefined
}

function parsed(text: string): AttributeValue {
  try {
    return decodeValues(text)
  } catch {
    return null
  }
}
