import { createHash } from 'node:crypto'
import { hasRole } from '#access'
import type { EvaluationReport } from '#evaluation/contract'
import type { Certificate, StagingReport, VersionSignature } from './certificate.contract.ts'
import type { PackagedVersion } from './entities.contract.ts'
import { risksOf } from './risks.ts'

/** The report of a version as it is now. */
export function certificateOf(
  version: PackagedVersion,
  report: EvaluationReport | null,
  staging: StagingReport | null,
): Certificate {
  const { model, project, endpoint, by, createdAt, cause, source, run, pipelineRun, dataVersion, trainedUntil } =
    version
  const { code, environment, signature, metrics, comparison, importance, gates } = version
  return {
    format: 1,
    ...{ model, version: version.version, project, endpoint },
    registered: { by, at: createdAt, cause },
    lineage: { source, run, pipelineRun, dataVersion, trainedUntil, code, environment },
    ...{ package: version.package, signature, metrics, report, comparison, importance, gates, staging },
    risks: risksOf(version, report, staging),
  }
}

/** SHA-256 of the report with its keys in order, so that the same facts give the same hash wherever they are kept. */
export function hashOf(certificate: Certificate): string {
  return createHash('sha256')
    .update(JSON.stringify(inOrder(certificate)))
    .digest('hex')
}

function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).filter(([, one]) => one !== undefined)
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, one]) => [key, inOrder(one)]))
}

/**
 * The roles whose signature is still missing. Only signatures of the report as it is now count, and each for one role.
 *
 * @param roles one entry per signature asked for: `['qa', 'qa']` asks two people with the role
 */
export function missingRoles(
  roles: readonly string[],
  signatures: readonly VersionSignature[],
  hash: string,
): string[] {
  const missing = [...roles]
  for (const { role, report } of signatures) {
    const place = report === hash ? missing.indexOf(role) : -1
    if (place >= 0) missing.splice(place, 1)
  }
  return missing
}

/** The role that somebody signs in: one that is missing and theirs by name, before one that an admin stands in for. */
export function roleToSign(missing: readonly string[], held: readonly string[]): string | undefined {
  return missing.find((role) => held.includes(role)) ?? missing.find((role) => hasRole(held, role))
}
