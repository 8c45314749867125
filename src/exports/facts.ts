import type { Data } from '#data'
import type { Registry } from '#registry'
import type { ModelVersion, PackagedVersion } from '#registry/contract'
import type { Tracking } from '#tracking'

/** What goes along with a version: where it comes from, how good it is, and who said that it may be used. */
export interface VersionFacts {
  readonly version: PackagedVersion
  readonly run: { readonly id: string; readonly name: string; readonly params: Readonly<Record<string, string>> } | null
  readonly data: {
    readonly dataset: string
    readonly number: number
    readonly rows: number
    readonly contentHash: string
  } | null
}

/** @throws VersionUnknown, VersionNotPackaged */
export async function factsOf(
  needs: { registry: Registry; tracking: Tracking; data: Data },
  model: string,
  number: number,
): Promise<VersionFacts> {
  const version = await needs.registry.packaged(model, number)
  const [run, data] = await Promise.all([
    version.run === null ? null : needs.tracking.run(version.run),
    version.dataVersion === null ? null : needs.data.version(version.dataVersion),
  ])
  return {
    version,
    run: run && { id: run.id, name: run.name, params: run.params },
    data: data && {
      dataset: data.dataset,
      number: data.number,
      rows: data.rows,
      contentHash: data.contentHash,
    },
  }
}

/** `lineage.json`: for programs. */
export function lineageOf({ version, run, data }: VersionFacts): string {
  const { model, project, state, pipelineRun, code, environment, trainedUntil, cause } = version
  return json({
    ...{ model, version: version.version, project, state },
    package: { format: version.package.format, sha256: sha256Of(version), parity: version.package.parity },
    ...{ run, pipelineRun, data, code, environment, cause },
    trainedUntil: trainedUntil === null ? null : new Date(trainedUntil).toISOString(),
    ...{ metrics: version.metrics, gates: version.gates, certification: version.certification },
  })
}

/** 64 hex digits. */
export const sha256Of = (version: Pick<PackagedVersion, 'package'>) => version.package.hash.replace('sha256:', '')

export const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`

export type Metrics = ModelVersion['metrics']
