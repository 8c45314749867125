import type { Step } from './pipeline.ts'

export interface OrderedStep {
  readonly name: string
  readonly step: Step
  /** The steps that must be done before this one. */
  readonly after: readonly string[]
}

/**
 * The steps in an order they can run in: a step waits for those in its `after`, or else for the one above it in the
 * file. Steps that are free to choose keep the order of the file.
 * @throws RangeError naming the steps that wait for each other, or for one that is not there
 */
export function orderSteps(pipeline: Record<string, Step>): OrderedStep[] {
  const names = Object.keys(pipeline)
  const waiting = names.map((name, i): OrderedStep => {
    const step = pipeline[name]!
    return { name, step, after: step.after ?? names.slice(Math.max(0, i - 1), i) }
  })
  const ordered: OrderedStep[] = []
  const done = new Set<string>()
  while (waiting.length > 0) {
    const next = waiting.findIndex((one) => one.after.every((name) => done.has(name)))
    if (next < 0) throw new RangeError(`steps wait for each other: ${waiting.map((one) => one.name).join(', ')}`)
    const [one] = waiting.splice(next, 1)
    ordered.push(one!)
    done.add(one!.name)
  }
  return ordered
}
