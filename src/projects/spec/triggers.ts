import { z } from 'zod'
import { Condition } from './conditions.ts'
import { hasKey, oneOf } from './one-of.ts'
import { Duration, Percent } from './scalars.ts'
import { quoted, says } from './wording.ts'

const Run = z.enum(['pipeline', 'reproduce champion']).default('pipeline').meta({ description: 'what is started' })

const Then = z
  .string()
  .regex(/^deploy\.[a-z0-9_-]+$/, {
    error: (issue) =>
      says(`${quoted(issue.input)} is no deployment`, 'Write deploy. and its name, such as deploy.price-up.'),
  })
  .optional()
  .meta({ description: 'where a version that passes its gates goes; the only deployment when absent' })

// One field of cron: a star, numbers, names, ranges, steps and lists of these. Ranges of values are checked by part.
const CRON_PARTS = [
  { name: 'minute', low: 0, high: 59, names: [] },
  { name: 'hour', low: 0, high: 23, names: [] },
  { name: 'day of the month', low: 1, high: 31, names: [] },
  {
    name: 'month',
    low: 1,
    high: 12,
    names: ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'],
  },
  { name: 'day of the week', low: 0, high: 7, names: ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'] },
] as const

export const Cron = z.string({ error: (issue) => refuseCron(issue.input) }).superRefine((text, context) => {
  const fields = text.trim().split(/\s+/)
  if (text.length > 200 || fields.length !== 5) {
    context.addIssue({ code: 'custom', message: refuseCron(text) })
    return
  }
  fields.forEach((field, i) => {
    const part = CRON_PARTS[i]!
    if (field.split(',').every((item) => isCronItem(item, part))) return
    context.addIssue({
      code: 'custom',
      message: says(
        `${quoted(field)} is no ${part.name}`,
        `Use ${part.low} to ${part.high}, *, lists, ranges and steps such as */15.`,
      ),
    })
  })
})

function refuseCron(input: unknown): string {
  return says(
    `${quoted(input)} is no cron schedule`,
    'Write minute, hour, day of the month, month and day of the week, such as "0 3 * * MON".',
  )
}

function isCronItem(item: string, part: (typeof CRON_PARTS)[number]): boolean {
  const match = /^(?:\*|(\w+)(?:-(\w+))?)(?:\/(\d+))?$/.exec(item)
  if (!match) return false
  const [from, to] = [match[1], match[2]].map((end) => (end === undefined ? undefined : cronNumber(end, part)))
  const inRange = (value: number | undefined) => value === undefined || (value >= part.low && value <= part.high)
  const step = match[3] === undefined ? 1 : Number(match[3])
  return inRange(from) && inRange(to) && (to === undefined || from! <= to) && step >= 1 && step <= part.high
}

function cronNumber(text: string, part: (typeof CRON_PARTS)[number]): number {
  const named = (part.names as readonly string[]).indexOf(text.toUpperCase())
  if (named >= 0) return part.low + named
  return /^\d{1,2}$/.test(text) ? Number(text) : Number.NaN
}

export const OnCondition = z.strictObject({
  if: Condition.meta({ description: 'checked whenever the monitors have looked' }),
  run: Run,
  // biome-ignore lint/suspicious/noThenProperty: the word the project file uses; a string is never awaited.
  then: Then,
  not_within: Duration.prefault('7d').meta({ description: 'at most once in this time' }),
})
export type OnCondition = z.output<typeof OnCondition>

export const OnSchedule = z.strictObject({
  cron: Cron.meta({ description: 'when, in UTC: minute, hour, day of the month, month, day of the week' }),
  run: Run,
  // biome-ignore lint/suspicious/noThenProperty: the word the project file uses; a string is never awaited.
  then: Then,
  within: Percent.optional().meta({
    description: 'how far a reproduction may be from the original; bitwise equal when absent',
  }),
})
export type OnSchedule = z.output<typeof OnSchedule>

export const Trigger = oneOf([OnCondition, OnSchedule], (value) => (hasKey(value, 'cron') ? OnSchedule : OnCondition))
export type Trigger = z.output<typeof Trigger>
