import { expect, it } from 'vitest'
import type { Job, JobStep } from '#platform/jobs'
import { describeRun } from './describe.ts'

const job = {
  ...{ id: 'r', kind: 'pipeline', state: 'running', createdAt: 1, startedAt: 1 },
  input: { project: 'churn', endpoint: 'churn', name: 'misty-lark', cause: { kind: 'person', by: 'ann', reason: '' } },
} as unknown as Job
const step = (name: string, state: JobStep['state'], output?: unknown) =>
  ({ name, state, startedAt: 1, finishedAt: state === 'running' ? undefined : 2, output }) as unknown as JobStep
const phases = ['train', 'evaluate', 'package'].map((name) => ({
  name,
  startedAt: 1,
  finishedAt: 2,
  summary: `did ${name}`,
}))
const shown = (...journal: JobStep[]) =>
  describeRun(job, journal).steps.map(({ name, state, summary }) => [name, state, summary].join(' ').trim())

it('shows the phases of the built-in trainer as steps', () => {
  expect(
    shown(step('data', 'succeeded', { summary: '9 rows' }), step('code', 'succeeded'), step('model', 'running')),
  ).toEqual(['data succeeded 9 rows', 'train running', 'evaluate waiting', 'package waiting'])
  expect(shown(step('data', 'succeeded'), step('model', 'succeeded', { phases }))).toEqual([
    'data succeeded',
    'train succeeded did train',
    'evaluate succeeded did evaluate',
    'package succeeded did package',
  ])
})

it('shows a command that trains as the one step it is', () => {
  const trained = step('train', 'succeeded', { summary: 'C=1' })
  expect(
    shown(step('data', 'succeeded'), step('clean', 'succeeded', { summary: 'ok' }), trained, step('model', 'running')),
  ).toEqual(['data succeeded', 'clean succeeded ok', 'train succeeded C=1', 'evaluate running', 'package waiting'])
  expect(shown(trained, step('model', 'succeeded', { phases }))).toEqual([
    'train succeeded C=1',
    'evaluate succeeded did evaluate',
    'package succeeded did package',
    'data waiting',
  ])
})
