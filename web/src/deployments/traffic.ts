import type { Traffic } from '#deployments/contract'

export type Role = 'champion' | 'committee' | 'canary' | 'reference' | 'kept'

export interface PartOfAnswer {
  version: number
  role: Role
  /** Part of all answers this version gives: its weight in the stable answer, what the canary leaves of it. */
  part: number
}

/**
 * Every version an endpoint holds, the ones that answer first. A canary's answer may itself be a committee that the stable
 * versions sit on, so that a version's part is the sum over both routes.
 */
export function partsOfAnswer(traffic: Traffic): PartOfAnswer[] {
  const part = new Map<number, number>()
  const add = (version: number, amount: number) => part.set(version, (part.get(version) ?? 0) + amount)
  const { canary } = traffic
  for (const { version, weight } of traffic.stable) add(version, weight * (1 - (canary?.share ?? 0)))
  for (const { version, weight } of canary?.answer ?? []) add(version, weight * (canary?.share ?? 0))

  const champion = Math.max(...traffic.stable.map((each) => each.version))
  const roleOf = (version: number): Role =>
    version === canary?.version ? 'canary' : version === champion ? 'champion' : 'committee'
  const answering = [...part].map(([version, amount]) => ({ version, role: roleOf(version), part: amount }))
  if (canary && !part.has(canary.version))
    answering.push({ version: canary.version, role: 'canary', part: canary.share })
  const seen = new Set(answering.map((each) => each.version))
  const silent = [
    ...traffic.kept.map((version) => ({ version, role: 'kept' as const })),
    ...referenceOf(traffic),
  ].filter(({ version }) => !seen.has(version) && seen.add(version))
  const order: Role[] = ['champion', 'canary', 'committee', 'kept', 'reference']
  return [...answering, ...silent.map((each) => ({ ...each, part: 0 }))].sort(
    (a, b) => order.indexOf(a.role) - order.indexOf(b.role) || b.version - a.version,
  )
}

const referenceOf = (traffic: Traffic) =>
  traffic.reference === null ? [] : [{ version: traffic.reference, role: 'reference' as const }]
