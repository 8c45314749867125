import type { Traffic, WeightedVersion } from '#deployments/contract'

export type Route = 'stable' | 'canary'

/** The versions that answer one prediction together, and the one that is named for it. */
export interface Arm {
  readonly route: Route
  readonly champion: number
  readonly members: readonly WeightedVersion[]
  /** The members' parts as JSON by version: what the log keeps of each answer, made once. */
  readonly weights: string
}

/** What answers by default; `undefined` when nothing does yet. The youngest member is the champion. */
export function stableArm(traffic: Traffic): Arm | undefined {
  if (traffic.stable.length === 0) return undefined
  return {
    route: 'stable',
    champion: Math.max(...traffic.stable.map((member) => member.version)),
    members: traffic.stable,
    weights: partsJson(traffic.stable),
  }
}

export function canaryArm(traffic: Traffic): Arm | undefined {
  const { canary } = traffic
  if (!canary || canary.answer.length === 0) return undefined
  return { route: 'canary', champion: canary.version, members: canary.answer, weights: partsJson(canary.answer) }
}

function partsJson(members: readonly WeightedVersion[]): string {
  return JSON.stringify(Object.fromEntries(members.map(({ version, weight }) => [version, weight])))
}

/**
 * What a record keeps its arm by, where the endpoint asks for one: the value of a column, or of a header of the request.
 * Salted with the version, so that who was in one experiment is not in the next one by rule. `undefined` where the
 * record has none: then its own id decides.
 */
export function stickyKey(
  { canary }: Traffic,
  record: Readonly<Record<string, unknown>>,
  header: ((name: string) => string | undefined) | undefined,
): string | undefined {
  if (!canary?.sticky) return undefined
  const value = 'column' in canary.sticky ? record[canary.sticky.column] : header?.(canary.sticky.header)
  return value === undefined || value === null ? undefined : `${canary.version}/${value}`
}

const LONGEST_KEY = 200

/**
 * The header that arms are kept by, as a column of the logged record: what was compared in an A/B test can be told from the log alone.
 * `undefined` where arms are kept by a column, which is logged anyway, or by nothing.
 */
export function stickyColumn(
  { canary }: Traffic,
  header: ((name: string) => string | undefined) | undefined,
): Readonly<Record<string, string>> | undefined {
  if (!canary?.sticky || 'column' in canary.sticky) return undefined
  const value = header?.(canary.sticky.header)
  return value === undefined ? undefined : { [`${HEADER}${canary.sticky.header}`]: value.slice(0, LONGEST_KEY) }
}

const HEADER = 'header:'

/** A column that came with the request, and not in its record. */
export const isStickyColumn = (column: string) => column.startsWith(HEADER)

/**
 * True when the canary answers the prediction `id`. By a hash, so that a retry meets the same arm, and monotone: who
 * is on the canary at 10 % is on it at 50 %.
 */
export function isOnCanary(id: string, share: number): boolean {
  return unitHash(id) < share
}

/** Every version that scores each record: those that may answer, and those in the shadow. */
export function scoringVersions(traffic: Traffic): number[] {
  const versions = new Set<number>()
  for (const { version } of traffic.stable) versions.add(version)
  for (const { version } of traffic.canary?.answer ?? []) versions.add(version)
  for (const version of traffic.shadow ?? []) versions.add(version)
  if (traffic.reference !== null) versions.add(traffic.reference)
  return [...versions]
}

/** Every version to have in memory: those that score, and those kept for a roll-back. */
export function loadedVersions(traffic: Traffic): number[] {
  return [...new Set([...scoringVersions(traffic), ...traffic.kept])]
}

/**
 * The weighted mean of what the members say, output by output, over the members that said something: one member's
 * failure must not fail the answer. `undefined` when none did.
 *
 * @param outputs numbers per answer: classes of a multiclass model, otherwise 1
 * @param scoreOf the outputs of a version for this record, `NaN` where it has none
 */
export function combine(
  members: readonly WeightedVersion[],
  outputs: number,
  scoreOf: (version: number, output: number) => number,
): Float64Array | undefined {
  const answer = new Float64Array(outputs)
  let total = 0
  for (const { version, weight } of members) {
    if (!(weight > 0) || !Number.isFinite(scoreOf(version, 0))) continue
    total += weight
    for (let k = 0; k < outputs; k++) answer[k]! += weight * scoreOf(version, k)
  }
  if (total === 0) return undefined
  for (let k = 0; k < outputs; k++) answer[k]! /= total
  return answer
}

/**
 * A number in [0, 1) from a text, evenly spread: FNV-1a over UTF-16 code units, then MurmurHash3's 32-bit finalizer,
 * without which ids that differ in their last character only fall close together.
 */
export function unitHash(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32
}
