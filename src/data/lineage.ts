import type { DataLineage, DataVersion, LineageStep, SourceDescriptor } from './contract.ts'

/** A history of appends is as long as its runs; more than this nobody looks at. */
const MOST = 200

/** The versions that one was made of, and what made it of them. */
export function madeOf({ parent, source }: Pick<DataVersion, 'parent' | 'source'>): Omit<LineageStep, 'to'>[] {
  const steps: Omit<LineageStep, 'to'>[] = parent === null ? [] : [{ from: parent, by: 'append', view: null }]
  if (source.kind === 'joined') steps.push({ from: source.of, by: 'entities', view: null })
  for (const { view, tables } of viewsOf(source))
    for (const version of Object.values(tables)) steps.push({ from: version, by: 'features', view })
  if ('prepared' in source)
    for (const version of Object.values(source.prepared?.versions ?? {}))
      steps.push({ from: version, by: 'recipe', view: null })
  return steps
}

function viewsOf(source: SourceDescriptor) {
  if (source.kind === 'joined') return source.views
  return 'features' in source ? (source.features ?? []) : []
}

/** A version and all that it was made of, the nearest first; each once, whatever leads to it. */
export async function traceBack(
  first: DataVersion,
  find: (id: string) => Promise<DataVersion | undefined>,
): Promise<DataLineage> {
  const found = new Map([[first.id, first]])
  const steps: LineageStep[] = []
  for (const version of found.values()) {
    for (const step of madeOf(version)) {
      const origin = found.get(step.from) ?? (found.size < MOST ? await find(step.from) : undefined)
      if (!origin) continue
      found.set(origin.id, origin)
      steps.push({ ...step, to: version.id })
    }
  }
  const versions = [...found.values()].map(({ id, dataset, number, rows, contentHash, createdAt, source }) => ({
    ...{ id, dataset, number, rows, contentHash, createdAt, source },
  }))
  return { versions, steps, cut: found.size >= MOST }
}
