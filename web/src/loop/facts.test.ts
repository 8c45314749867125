import { describe, expect, it } from 'vitest'
import { newsOf } from './facts.ts'

describe('news', () => {
  const entry = (what: string, subject: string, data: Record<string, unknown>) => ({
    id: 1,
    at: 0,
    who: 'orrery',
    what,
    subject,
    project: 'p',
    data,
  })

  it('tells what happened and why, leads there, and leaves the clockwork out', () => {
    const news = newsOf(
      [
        entry('monitoring.period_closed', 'e', {}),
        entry('deployments.traffic_changed', 'e', { why: 'v3 answers' }),
        entry('registry.version_certified', 'm@3', { model: 'm', version: 3, note: 'read it' }),
        entry('pipelines.run_started', 'r1', { name: 'misty-lark', cause: { reason: 'drift in x' } }),
        entry('data.version_created', 'd9', { dataset: 'market', number: 9 }),
      ],
      'p',
    )
    expect(news.map(({ text, because, href }) => [text, because, href])).toEqual([
      ['version certified: m v3', 'read it', '/p/models/m/versions/3'],
      ['run started: misty-lark', 'drift in x', '/p/runs/r1'],
      ['version created: market 9', null, '/p/data?version=d9'],
    ])
  })
})
