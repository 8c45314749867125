import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { Cell, Duration, DurationOrAll, Percent, ShareOrPeriod, Size } from './scalars.ts'

describe.each<[string, z.ZodType, [written: unknown, meant: unknown, again?: unknown][]]>([
  [
    'Duration',
    Duration,
    [
      ['24h', 86_400_000, '1d'],
      ['0s', 0],
      ['90m', 5_400_000],
      ['5ms', 5],
      ['3w', 1_814_400_000, '21d'],
    ],
  ],
  [
    'Percent',
    Percent,
    [
      ['10%', 0.1],
      ['0.1%', 0.001],
      ['100%', 1],
      ['7%', 0.07],
      ['33.3%', 0.333],
      ['0%', 0],
    ],
  ],
  [
    'Size',
    Size,
    [
      ['500MB', 500_000_000],
      ['2GiB', 2 ** 31],
      ['1.5 GiB', 1.5 * 2 ** 30, '1536MiB'],
      ['0B', 0],
      ['12B', 12],
    ],
  ],
  [
    'DurationOrAll',
    DurationOrAll,
    [
      ['all', 'all'],
      ['21d', 1_814_400_000],
    ],
  ],
  [
    'ShareOrPeriod',
    ShareOrPeriod,
    [
      ['10%', { share: 0.1 }],
      ['7d', { period: 604_800_000 }],
    ],
  ],
  [
    'Cell',
    Cell,
    [
      ['Yes', 'Yes'],
      [1, '1', '1'],
      [true, 'true', 'true'],
    ],
  ],
])('%s', (_, schema, cases) => {
  it.each(cases)('%j means %j', (written, meant, again = written) => {
    expect(schema.parse(written)).toEqual(meant)
    expect(z.encode(schema, meant)).toEqual(again)
  })
})

it.each<[z.ZodType, unknown]>([
  [Duration, 24],
  [Duration, '24'],
  [Duration, 'soon'],
  [Duration, '200000w'],
  [Percent, 10],
  [Percent, '101%'],
  [Percent, '-1%'],
  [Size, 500],
  [Size, '500mb'],
  [Size, '999999999TB'],
  [DurationOrAll, 'ever'],
  [DurationOrAll, '99999999d'],
  [ShareOrPeriod, '120%'],
  [ShareOrPeriod, '99999999d'],
  [ShareOrPeriod, 0.1],
])('a wrong scalar is refused with what to do (%#)', (schema, written) => {
  const [issue] = schema.safeParse(written).error!.issues
  expect(issue!.message).toMatch(/^.+\nWrite .+\.$|^.+\nSay .+\.$/)
})
