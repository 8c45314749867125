import { expect, it } from 'vitest'
import { readEvent } from './events.ts'

it('reads facts and progress, and passes over what is neither', () => {
  const fact = { seq: 7, type: 'registry.version_registered', subject: 'm@1', data: { version: 1 }, at: 1 }
  expect(readEvent(`id: 7\nevent: registry.version_registered\ndata: ${JSON.stringify(fact)}`)).toEqual({
    kind: 'fact',
    fact,
  })
  const progress = { id: 'j', project: 'p', progress: { message: 'trial 1 of 6', fraction: 0.2 } }
  expect(readEvent(`event: progress\ndata: ${JSON.stringify(progress)}`)).toEqual({
    kind: 'progress',
    id: 'j',
    message: 'trial 1 of 6',
    fraction: 0.2,
  })
  expect(readEvent(': still here')).toBeUndefined()
})
