import { PACKAGE_STEPS, readExpression, TABLE_STEPS } from '#preparation'
import { suggestion } from '../nearest.ts'
import { onlyLabelled } from './complete.ts'
import type { Finding } from './finding.ts'
import type { PrepareStep } from './prepare.ts'
import type { ProjectFile } from './project.ts'
import { quoted } from './wording.ts'

/** What kind of step it is, and the key that says so. */
export function stepKey(step: PrepareStep): keyof PrepareStep {
  return Object.keys(step).find((key) => step[key as keyof PrepareStep] !== undefined) as keyof PrepareStep
}

export const isPackageStep = (step: PrepareStep) => (PACKAGE_STEPS as readonly string[]).includes(stepKey(step))

/** The steps that make rows, before the split, and those that go into the package with a model. */
export function partsOfRecipe(steps: readonly PrepareStep[]): { table: PrepareStep[]; inPackage: PrepareStep[] } {
  return { table: steps.filter((step) => !isPackageStep(step)), inPackage: steps.filter(isPackageStep) }
}

/** Recipes that would leak, or that could not be carried out: found before anything is read. */
export function preparation(file: ProjectFile): Finding[] {
  const trained = file.pipeline.train?.with?.data ?? onlyLabelled(file.data)
  return Object.entries(file.data).flatMap(([set, { prepare, label, pictures }]) =>
    prepare.flatMap((step, i) => {
      const key = stepKey(step)
      const path = ['data', set, 'prepare', i, key]
      const findings = label === undefined ? [] : labelUsed(step, label, path)
      if (!isPackageStep(step)) {
        if (prepare.slice(0, i).some(isPackageStep))
          findings.push({
            path,
            wrong: `\`${key}\` makes rows, and stands behind steps that are fitted on the training rows`,
            todo: `Put ${TABLE_STEPS.join(', ')} first: what is split after them cannot leak.`,
          })
        return [...findings, ...otherTables(file, set, step, path), ...periods(file, set, step, path)]
      }
      if (set !== trained)
        findings.push({
          path,
          wrong: `\`${key}\` goes into a model's package, and no model learns from ${quoted(set)}`,
          todo: `Use ${TABLE_STEPS.join(', ')} here, or move it to ${quoted(trained)}.`,
        })
      else if (pictures)
        findings.push({
          path,
          wrong: `\`${key}\` prepares columns, and a model of pictures takes pixels`,
          todo: 'Say under `pictures` how they are resized and scaled.',
        })
      return findings
    }),
  )
}

/** Another data set that is there, does not come from this one, and shows nothing of the future. */
function otherTables(file: ProjectFile, set: string, { join }: PrepareStep, path: readonly PropertyKey[]): Finding[] {
  if (!join) return []
  const other = file.data[join.with]
  const at = [...path, 'with']
  if (!other)
    return [
      {
        path: at,
        wrong: `there is no data set ${quoted(join.with)}`,
        todo: suggestion(join.with, Object.keys(file.data)) ?? `There are ${Object.keys(file.data).join(', ')}.`,
      },
    ]
  if (readsFrom(file, join.with).has(set))
    return [
      {
        path: at,
        wrong: `${quoted(join.with)} is made from ${quoted(set)}`,
        todo: 'Break the circle: join it in one of them.',
      },
    ]
  if (other.time && !join.as_of)
    return [
      {
        path,
        wrong: `rows of ${quoted(join.with)} have a time, and joined by key alone a row would know its future`,
        todo: `Add \`as_of: ${other.time[0]}\`: the last row at the time of the own one is taken.`,
      },
    ]
  if (join.as_of && !file.data[set]!.time)
    return [{ path: [...path, 'as_of'], wrong: 'the own rows have no time', todo: `Add \`time:\` to data.${set}.` }]
  return []
}

function periods(file: ProjectFile, set: string, { resample }: PrepareStep, path: readonly PropertyKey[]): Finding[] {
  if (!resample || file.data[set]!.time?.length === 1) return []
  return [{ path, wrong: 'periods are made of one time column', todo: `Add \`time:\` with one column to data.${set}.` }]
}

/** The data sets that a data set is joined from, itself included. */
function readsFrom(file: ProjectFile, set: string, seen = new Set<string>()): Set<string> {
  if (seen.has(set)) return seen
  seen.add(set)
  for (const { join } of file.data[set]?.prepare ?? []) if (join) readsFrom(file, join.with, seen)
  return seen
}

/** Columns that a step names. */
export function columnsNamed(step: PrepareStep): { column: string; at: readonly PropertyKey[] }[] {
  const key = stepKey(step)
  if (step.derive)
    return Object.entries(step.derive).flatMap(([name, written]) => [
      { column: name, at: [name] },
      ...readExpression(written).columns.map((column) => ({ column, at: [name] })),
    ])
  const list = (columns: readonly string[], ...at: PropertyKey[]) =>
    columns.map((column, i) => ({ column, at: [...at, i] }))
  const made = (columns: Readonly<Record<string, string>>) =>
    Object.entries(columns).flatMap(([name, written]) => [
      { column: name, at: ['columns', name] },
      { column: /\((.*)\)$/.exec(written)![1]!.trim(), at: ['columns', name] },
    ])
  // What SQL does with the label is tried out on the rows themselves.
  if (step.sql !== undefined) return []
  if (step.filter !== undefined) return readExpression(step.filter).columns.map((column) => ({ column, at: [] }))
  if (step.join) return list(step.join.on, 'on')
  if (step.aggregate) return [...list(step.aggregate.by, 'by'), ...made(step.aggregate.columns)]
  if (step.resample) return [...list(step.resample.by ?? [], 'by'), ...made(step.resample.columns)]
  if (step.sample) return step.sample.by === undefined ? [] : [{ column: step.sample.by, at: ['by'] }]
  if (step.drop) return step.drop.map((column, i) => ({ column, at: [i] }))
  const { columns } = step[key] as { columns: readonly string[] | string }
  return typeof columns === 'string' ? [] : columns.map((column, i) => ({ column, at: ['columns', i] }))
}

function labelUsed(step: PrepareStep, label: string, path: readonly PropertyKey[]): Finding[] {
  return columnsNamed(step)
    .filter(({ column }) => column === label)
    .slice(0, 1)
    .map(({ at }) => ({
      path: [...path, ...at],
      wrong: `it uses the label ${quoted(label)}, which no record has that is to be predicted`,
      todo: 'Prepare features from columns that are known before the label is.',
    }))
}
