import { z } from 'zod'

/** The branches of every schema made by `oneOf`, for the JSON Schema, which cannot look inside a codec. */
const branchesOf = new WeakMap<z.ZodType, readonly z.ZodType[]>()

export function branchesOfOneOf(schema: z.core.$ZodType): readonly z.ZodType[] | undefined {
  return branchesOf.get(schema as z.ZodType)
}

/**
 * One of several forms, told apart by `pick` before any is checked. A plain union would try them all and report the
 * problems of a form the author never meant (or of none); here `{ cron: …, whithin: 1% }` is known to be a schedule.
 */
export function oneOf<const Branches extends readonly z.ZodType[]>(
  branches: Branches,
  pick: (value: unknown) => Branches[number],
): z.ZodCodec<z.ZodType<z.input<Branches[number]>>, z.ZodType<z.output<Branches[number]>>> {
  const written = z.unknown() as z.ZodType<z.input<Branches[number]>>
  const meant = z.unknown() as z.ZodType<z.output<Branches[number]>>
  branchesOf.set(written, branches)
  return z.codec(written, meant, {
    decode: (value, context) => {
      const result = pick(value).safeParse(value, { reportInput: true })
      if (result.success) return result.data as z.output<Branches[number]>
      for (const issue of result.error.issues) context.issues.push(issue as z.core.$ZodRawIssue)
      return z.NEVER
    },
    encode: (value) => z.encode(pick(value), value as never) as z.input<Branches[number]>,
  })
}

/** Whether `value` is a mapping that has `key`. */
export function hasKey(value: unknown, key: string): boolean {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, key)
}
