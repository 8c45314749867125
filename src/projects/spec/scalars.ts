import { z } from 'zod'
import { DURATION_PATTERN, formatDuration, parseDuration } from '#platform/time'
import { quoted, says } from './wording.ts'

/*
 * Scalars that carry their unit in the file and are plain numbers in the spec. Each is a codec: what was read can be
 * written back in the file's own words, which is how a plan shows it.
 */

/** A scalar written as `pattern`; `decode` may throw a RangeError whose message becomes the problem. */
function scalar<Value>(options: {
  pattern: RegExp
  value: z.ZodType<Value>
  refuse: (input: unknown) => string
  decode: (text: string) => Value
  encode: (value: Value) => string
}) {
  const error = (issue: { input?: unknown }) => options.refuse(issue.input)
  return z.codec(z.string({ error }).regex(options.pattern, { error }), options.value, {
    decode: (text, context) => {
      try {
        return options.decode(text) as z.input<z.ZodType<Value>>
      } catch (problem) {
        context.issues.push({ code: 'custom', input: text, message: (problem as RangeError).message })
        return z.NEVER
      }
    },
    encode: (value) => options.encode(value as Value),
  })
}

/** `24h`, `7d`, `3w` in the file; milliseconds in the spec. */
export const Duration = scalar({
  pattern: DURATION_PATTERN,
  value: z.number(),
  refuse: refuseDuration,
  decode: readDuration,
  encode: formatDuration,
})

function readDuration(text: string): number {
  try {
    return parseDuration(text)
  } catch {
    throw new RangeError(says(`${quoted(text)} is too long`, 'Write at most a hundred years, 36500d.'))
  }
}

function refuseDuration(input: unknown): string {
  const unitMissing = typeof input === 'number' && input > 0
  const todo = unitMissing
    ? `Say in which unit: ${input}s, ${input}m, ${input}h or ${input}d.`
    : 'Write one number and one unit (ms, s, m, h, d, w), such as 30s, 24h or 7d.'
  return says(`${quoted(input)} is no duration`, input === 0 ? 'Write 0s.' : todo)
}

/** `10%` in the file; the fraction 0.1 in the spec. Between 0 % and 100 %. */
export const Percent = scalar({
  pattern: /^\d+(?:\.\d+)?%$/,
  value: z.number(),
  refuse: refusePercent,
  decode: readPercent,
  encode: formatPercent,
})

function readPercent(text: string): number {
  // Not a division: 33.3 / 100 is 0.33299999999999996.
  const fraction = Number(`${text.slice(0, -1)}e-2`)
  if (fraction <= 1) return fraction
  throw new RangeError(says(`${quoted(text)} is more than the whole`, 'Write at most 100%.'))
}

/** `0.1` is `10%`. Twelve digits: enough for any figure a person writes, without 7.000000000000001%. */
export function formatPercent(fraction: number): string {
  return `${Number((fraction * 100).toPrecision(12))}%`
}

function refusePercent(input: unknown): string {
  if (typeof input !== 'number') return says(`${quoted(input)} is no percentage`, 'Write a number and %, such as 10%.')
  const guess = input > 0 && input < 1 ? formatPercent(input) : `${input}%`
  return says(`${quoted(input)} is no percentage`, `Write it with its sign, such as ${guess}.`)
}

const BYTES = {
  B: 1,
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
} as const
type ByteUnit = keyof typeof BYTES

const SIZE_PATTERN = /^(\d+(?:\.\d+)?) ?(B|kB|MB|GB|TB|KiB|MiB|GiB|TiB)$/

/** `500MB`, `2GiB` in the file; bytes in the spec. */
export const Size = scalar({
  pattern: SIZE_PATTERN,
  value: z.number(),
  refuse: (input) =>
    says(`${quoted(input)} is no size`, 'Write a number and a unit (kB, MB, GB, KiB, MiB, GiB), such as 500MB.'),
  decode: readSize,
  encode: formatSize,
})

function readSize(text: string): number {
  const [, number, unit] = SIZE_PATTERN.exec(text)!
  const bytes = Math.round(Number(number) * BYTES[unit as ByteUnit])
  if (Number.isSafeInteger(bytes)) return bytes
  throw new RangeError(says(`${quoted(text)} is too large`, 'Write at most 9000TB.'))
}

/** The exact form with the largest unit that fits a whole number: `2147483648` is `2GiB`. */
export function formatSize(bytes: number): string {
  const fitting = (Object.keys(BYTES) as ByteUnit[]).filter((unit) => bytes > 0 && bytes % BYTES[unit] === 0)
  const unit = fitting.sort((a, b) => BYTES[b] - BYTES[a])[0] ?? 'B'
  return `${bytes / BYTES[unit]}${unit}`
}

/** How far back rows count: a duration, or `all`. */
export const DurationOrAll = scalar<number | 'all'>({
  pattern: /^(all|\d+(\.\d+)?(ms|s|m|h|d|w))$/,
  value: z.union([z.number(), z.literal('all')]),
  refuse: (input) =>
    says(`${quoted(input)} is neither a duration nor all`, 'Write a duration such as 21d, or all for no limit.'),
  decode: (text) => (text === 'all' ? 'all' : readDuration(text)),
  encode: (value) => (value === 'all' ? 'all' : formatDuration(value)),
})

/** A share of the rows (`10%`), or the rows of a period (`7d`). */
export const ShareOrPeriod = scalar<{ share: number } | { period: number }>({
  pattern: /^\d+(\.\d+)?(%|ms|s|m|h|d|w)$/,
  value: z.union([z.strictObject({ share: z.number() }), z.strictObject({ period: z.number() })]),
  refuse: (input) =>
    says(
      `${quoted(input)} is neither a share nor a duration`,
      'Write a share of the rows such as 10%, or a duration such as 7d.',
    ),
  decode: (text) => (text.endsWith('%') ? { share: readPercent(text) } : { period: readDuration(text) }),
  encode: (value) => ('share' in value ? formatPercent(value.share) : formatDuration(value.period)),
})

/** A cell's value as text; a number or truth value is taken as it is written: `positive: 1` is the cell `1`. */
export const Cell = z.codec(
  z.union([z.string(), z.number(), z.boolean()], {
    error: (issue) => says(`${quoted(issue.input)} is no cell value`, 'Write text or a number.'),
  }),
  z.string(),
  {
    decode: (value) => String(value),
    encode: (text) => text,
  },
)

const NAME_PATTERN = /^[a-z][a-z0-9]*([-_][a-z0-9]+)*$/

/** What a person names: a project, a data set, a step, a deployment. Safe in a URL, a folder and a condition. */
export const Name = z
  .string({ error: (issue) => refuseName(issue.input) })
  .max(63, { error: says('this name is too long', 'Use at most 63 characters.') })
  .regex(NAME_PATTERN, { error: (issue) => refuseName(issue.input) })

function refuseName(input: unknown): string {
  const guess = String(input)
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+|-+$/g, '')
    .slice(0, 63)
  const todo = 'Use lower-case letters, digits, - and _, starting with a letter'
  return says(`${quoted(input)} is no name`, guess ? `${todo}: ${guess}.` : `${todo}.`)
}

/** A column's name, exactly as the table has it. */
export const ColumnName = text('a column name', 'Write the name as the table has it.')

/** Non-empty text; `what` names it in the problem. */
export function text(what: string, todo: string) {
  return z.string({ error: (issue) => says(`${quoted(issue.input)} is not ${what}`, todo) }).min(1, {
    error: says(`${what} cannot be empty`, todo),
  })
}
