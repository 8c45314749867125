import type { Signature } from '#registry/contract'

/** What a label of an endpoint must be. Plain data: another thread judges by it, too. */
export type LabelRule = Pick<Signature, 'task' | 'classes'>

/** Why a label is none for an endpoint, or `undefined`; an endpoint that is not loaded has no rule and takes any. */
export function refusalOf(rule: LabelRule | undefined, label: string): string | undefined {
  if (!rule) return undefined
  if (rule.task === 'regression')
    return label.trim() !== '' && Number.isFinite(Number(label)) ? undefined : `"${label}" is no number`
  return rule.classes.includes(label)
    ? undefined
    : `"${label.slice(0, 100)}" is none of the classes ${rule.classes.slice(0, 20).join(', ')}`
}
