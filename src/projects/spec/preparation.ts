import { PACKAGE_STEPS, readExpression, TABLE_STEPS } from '#preparation'
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
  return Object.entries(file.data).flatMap(([set, { prepare, label }]) =>
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
        return findings
      }
      if (set !== trained)
        findings.push({
          path,
          wrong: `\`${key}\` goes into a model's package, and no model learns from ${quoted(set)}`,
          todo: `Use ${TABLE_STEPS.join(', ')} here, or move it to ${quoted(trained)}.`,
        })
      else if (file.pipeline.train && 'run' in file.pipeline.train)
        findings.push({
          path,
          wrong: `\`${key}\` cannot be put in front of a model that a command of your own leaves`,
          todo: 'Do it in that command, and export it with the model; or train with builtin/tabular.',
        })
      return findings
    }),
  )
}

/** Columns that a step of the package names. */
export function columnsNamed(step: PrepareStep): { column: string; at: readonly PropertyKey[] }[] {
  const key = stepKey(step)
  if (step.derive)
    return Object.entries(step.derive).flatMap(([name, written]) => [
      { column: name, at: [name] },
      ...readExpression(written).columns.map((column) => ({ column, at: [name] })),
    ])
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
