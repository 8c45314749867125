import type { AttributeValue } from './span.ts'
import { encodeValues } from './attribute-json.ts'

const LONGEST = 1_000

/**
 * The beginning of what came in or went out, for lists: of a conversation the last message of `role`, else the value
 * itself as JSON.
 */
export function previewOf(value: AttributeValue, role: 'user' | 'assistant'): string | null {
  if (value === null) return null
  const text = lastMessage(value, role) ?? (typeof value === 'string' ? value : encodeValues(value))
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST - 3)}...`.toWellFormed()
}

type Json = { readonly [key: string]: AttributeValue }

/** The forms in which OpenAI's interfaces and those that follow them speak: `messages`, or `choices` of a reply. */
function lastMessage(value: AttributeValue, role: string): string | undefined {
  const { messages, choices } = recordOf(value)
  const candidates = Array.isArray(messages)
    ? messages
    : Array.isArray(choices)
      ? [recordOf(choices[0] ?? null).message ?? null]
      : Array.isArray(value)
        ? value
        : []
  const said = candidates.map(recordOf).filter((message) => typeof message.role === 'string' && 'content' in message)
  const last = said.findLast((message) => message.role === role) ?? said.at(-1)
  const content = last?.content
  if (typeof content === 'string') return content || undefined
  if (!Array.isArray(content)) return undefined
  const texts = content.map(recordOf).map((part) => part.text)
  return texts.find((text): text is string => typeof text === 'string')
}

const recordOf = (value: AttributeValue): Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {}
