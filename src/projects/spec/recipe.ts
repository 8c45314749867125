import { parse, stringify } from 'yaml'
import { z } from 'zod'
import type { ProjectSpec } from './complete.ts'
import { preparation } from './preparation.ts'
import { PrepareStep } from './prepare.ts'
import { heard } from './wording.ts'

export interface RecipeProblem {
  /** From 0; null where it is about the whole. */
  readonly step: number | null
  readonly wrong: string
  readonly todo: string
}

/** A recipe that a person is writing, for a data set of a project that is applied. */
export function readRecipe(
  text: string,
  spec: ProjectSpec,
  dataset: string,
): { steps: PrepareStep[] } | { problems: RecipeProblem[] } {
  let written: unknown
  try {
    written = parse(text) ?? []
  } catch (error) {
    const wrong = (error as Error).message.split('\n')[0]!
    return {
      problems: [{ step: null, wrong, todo: 'Write a list of steps in YAML: - clip: { columns: [age], to: 99% }' }],
    }
  }
  if (!Array.isArray(written))
    return {
      problems: [
        {
          step: null,
          wrong: 'this is no list of steps',
          todo: 'Begin each step with a dash: - clip: { columns: [age], to: 99% }',
        },
      ],
    }
  const steps: PrepareStep[] = []
  const problems: RecipeProblem[] = []
  for (const [step, one] of written.entries()) {
    const read = PrepareStep.safeParse(one, { reportInput: true })
    if (read.success) steps.push(read.data)
    else {
      const { wrong, todo = '' } = heard(read.error.issues[0]!.message)
      problems.push({ step, wrong: `${read.error.issues[0]!.path.join('.')} ${wrong}`.trim(), todo })
    }
  }
  if (problems.length > 0) return { problems }
  const data = { ...spec.data, [dataset]: { ...spec.data[dataset]!, prepare: steps } }
  for (const { path, wrong, todo } of preparation({ ...spec, data } as never))
    if (path[1] === dataset) problems.push({ step: typeof path[3] === 'number' ? path[3] : null, wrong, todo })
  return problems.length > 0 ? { problems } : { steps }
}

/** Steps as a project file says them, each on a line where it has room. */
export function writeRecipe(steps: readonly PrepareStep[]): string {
  return z
    .encode(z.array(PrepareStep), [...steps])
    .map((step) => {
      const [line] = stringify([step], { collectionStyle: 'flow', lineWidth: 0 }).trim().slice(1, -1).trim().split('\n')
      const flow = `- ${line!.replace(/^\{\s*/, '').replace(/\s*\}$/, '')}\n`
      return flow.length <= 110 && !flow.includes('\\n') ? flow : stringify([step], { lineWidth: 0 })
    })
    .join('')
}
