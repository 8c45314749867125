import type { ProjectFile } from '../spec/project.ts'
import type { Finding } from '../spec/finding.ts'
import { type CompiledCondition, compileCondition } from './compile.ts'
import { ConditionInvalid } from './errors.ts'
import type { ConditionKind } from './vocabulary.ts'

/** A problem inside a condition: `within` counts characters into its text. */
export interface ConditionFinding extends Finding {
  readonly within: number
}

/** Compiles every condition of a file. */
export function conditionsOf(file: ProjectFile): { compiled: CompiledCondition[]; findings: ConditionFinding[] } {
  const compiled: CompiledCondition[] = []
  const findings: ConditionFinding[] = []
  for (const { path, text, kind } of writtenConditions(file)) {
    try {
      compiled.push(compileCondition(text, kind))
    } catch (error) {
      if (!(error instanceof ConditionInvalid)) throw error
      findings.push({ path, wrong: error.message, todo: error.hint, within: error.offset })
    }
  }
  return { compiled, findings }
}

function writtenConditions(file: ProjectFile): { path: (string | number)[]; text: string; kind: ConditionKind }[] {
  const monitors = (['drift', 'quality', 'fairness'] as const).flatMap((kind) => {
    const monitor = file.monitor[kind]
    if (monitor === undefined || monitor === 'off') return []
    return [{ path: ['monitor', kind, 'alert_if'], text: monitor.alert_if, kind }]
  })
  return [
    ...file.gates.map((text, i) => ({ path: ['gates', i], text, kind: 'gate' as const })),
    ...Object.entries(file.deploy ?? {}).flatMap(([name, { roll_back_if, strategy }]) => {
      const back = { path: ['deploy', name, 'roll_back_if'], text: roll_back_if, kind: 'rollback' as const }
      const on = 'promote_if' in strategy ? strategy.promote_if : undefined
      if (on === undefined) return [back]
      return [back, { path: ['deploy', name, 'strategy', 'promote_if'], text: on, kind: 'rollback' as const }]
    }),
    ...monitors,
    ...(file.when ?? []).flatMap((trigger, i) =>
      'if' in trigger ? [{ path: ['when', i, 'if'], text: trigger.if, kind: 'trigger' as const }] : [],
    ),
  ]
}
