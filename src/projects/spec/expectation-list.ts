import { parse, stringify } from 'yaml'
import { z } from 'zod'
import { Expectation, needsTime } from './expectations.ts'
import { heard } from './wording.ts'

export interface EntryProblem {
  /** From 0; null where it is about the whole. */
  readonly entry: number | null
  readonly wrong: string
  readonly todo: string
}

/** What is written under `expect:` of a data set that may have a time. */
export function readExpectations(
  text: string,
  { hasTime }: { hasTime: boolean },
): { entries: Expectation[] } | { problems: EntryProblem[] } {
  const todo = 'Write a list in YAML: - { column: age, between: [0, 120], otherwise: warn }'
  let written: unknown
  try {
    // A small text of aliases can be made to grow without end.
    written = parse(text, { maxAliasCount: 0 }) ?? []
  } catch (error) {
    return { problems: [{ entry: null, wrong: (error as Error).message.split('\n')[0]!, todo }] }
  }
  if (!Array.isArray(written)) return { problems: [{ entry: null, wrong: 'this is no list', todo }] }
  const entries: Expectation[] = []
  const problems: EntryProblem[] = []
  for (const [entry, one] of written.entries()) {
    const read = Expectation.safeParse(one, { reportInput: true })
    if (!read.success) {
      const [issue] = read.error.issues
      const said = heard(issue!.message)
      problems.push({ entry, wrong: `${issue!.path.join('.')} ${said.wrong}`.trim(), todo: said.todo ?? '' })
      continue
    }
    const timed = needsTime(read.data)
    if (timed !== undefined && !hasTime)
      problems.push({ entry, wrong: `\`${timed}\` asks when rows happened`, todo: 'Name the column under `time:`.' })
    entries.push(read.data)
  }
  return problems.length > 0 ? { problems } : { entries }
}

/** Expectations as a project file says them, each on a line. */
export const writeExpectations = (entries: readonly Expectation[]): string =>
  listEntries(z.encode(z.array(Expectation), [...entries]).map(withoutDefaults))

/** Entries as they are written already. */
export const listEntries = (entries: readonly unknown[]): string =>
  entries.map((entry) => `- ${stringify(entry, { collectionStyle: 'flow', lineWidth: 0 }).trim()}\n`).join('')

function withoutDefaults(entry: unknown): unknown {
  const { otherwise, ...rest } = entry as Record<string, unknown>
  return otherwise === 'stop' ? rest : entry
}
