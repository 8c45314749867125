import { describe, expect, it } from 'vitest'
import { previewOf } from './preview.ts'

describe('the beginning of what came in or went out', () => {
  it('is the last message of a conversation', () => {
    const messages = [
      { role: 'user', content: 'first' },
      { role: 'assistant', content: 'a' },
      { role: 'user', content: [{ type: 'text', text: 'second' }] },
      { role: 'tool', content: 'x' },
    ]
    expect(previewOf({ messages, temperature: 1 }, 'user')).toBe('second')
    expect(previewOf(messages, 'assistant')).toBe('a')
    expect(previewOf({ choices: [{ message: { role: 'assistant', content: 'hello' } }] }, 'assistant')).toBe('hello')
  })

  it('is the value itself of anything else', () => {
    expect(previewOf({ question: 'why', n: 3n }, 'user')).toBe('{"question":"why","n":3}')
    expect(previewOf('plain', 'user')).toBe('plain')
    expect(previewOf({ messages: 'none' }, 'user')).toBe('{"messages":"none"}')
    expect(previewOf({ choices: [] }, 'user')).toBe('{"choices":[]}')
    expect(previewOf(null, 'user')).toBeNull()
  })

  it('has an end', () => {
    const preview = previewOf('😀'.repeat(2_000), 'user')!
    expect(preview).toHaveLength(1_000)
    expect(preview.isWellFormed()).toBe(true)
    expect(preview.endsWith('...')).toBe(true)
  })
})
