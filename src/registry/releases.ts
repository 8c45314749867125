import type { EvaluationReport } from '#evaluation/contract'
import type { Tx } from '#platform/storage'
import { beginService } from './aliases.ts'
import type { Certification } from './certification.ts'
import {
  type EvaluatedVersion,
  type GateResult,
  isEvaluated,
  isPackaged,
  type ModelVersion,
  type PackagedVersion,
} from './entities.contract.ts'
import { VersionNotEvaluated, VersionNotPackaged, VersionPackagedAlready, VersionUnknown } from './errors.ts'
import { openTeller } from './facts.ts'
import { type RegistryNeeds, requireVersion } from './needs.ts'
import { aliasedVersion, setAliasRow } from './store/aliases.ts'
import { insertModel, modelRow, updateModel } from './store/models.ts'
import {
  type Evidence,
  evidenceOf,
  insertVersion,
  savePackaged,
  saveVersion,
  versionOf,
  versionOfPipelineRun,
} from './store/versions.ts'

/** What an evaluated package says of a version. */
type Evaluated = Pick<
  PackagedVersion,
  | 'project'
  | 'endpoint'
  | 'dataVersion'
  | 'code'
  | 'environment'
  | 'signature'
  | 'package'
  | 'metrics'
  | 'comparison'
  | 'importance'
  | 'releaseRequests'
  | 'promisedLoss'
  | 'trainedUntil'
>

/** A package for a version that a client registered without one; with the evidence, where there were rows to judge it on. */
export interface Packaging extends Evaluated, Partial<Evidence> {}

/** What a pipeline run hands over: everything of a version but its number and the verdict on it. */
export interface Candidate extends Evaluated, Evidence {
  project: string
  endpoint: string
  promisedLoss: number
  model: string
  pipelineRun: string
  run: string
  dataVersion: string
  code: NonNullable<ModelVersion['code']>
  cause: ModelVersion['cause']
}

export interface Releases {
  /** Once per pipeline run: asked again, the version that exists is returned. */
  register(candidate: Candidate, gates: readonly GateResult[]): Promise<ModelVersion>
  /**
   * Gives a version that a client registered what it takes to be served. From here on it goes the way of every version: its
   * gates have spoken, it is checked in staging, signed, and rolled out. Asked again with the same package, nothing changes.
   *
   * @throws VersionUnknown, VersionPackagedAlready
   */
  attachPackage(
    model: string,
    version: number,
    packaging: Packaging,
    gates: readonly GateResult[],
  ): Promise<PackagedVersion>
  /** A version that may be deployed. @throws VersionUnknown, VersionNotPackaged */
  packaged(model: string, version: number): Promise<PackagedVersion>
  /** A version that may be watched. @throws VersionUnknown, VersionNotPackaged, VersionNotEvaluated */
  evaluated(model: string, version: number): Promise<EvaluatedVersion>
  /** Null where nobody has evaluated it. @throws VersionUnknown */
  report(model: string, version: number): Promise<EvaluationReport | null>
  /** Undefined where nothing was kept to measure drift against. */
  baseline(model: string, version: number): Promise<unknown>
  /** @throws VersionUnknown, VersionNotPackaged */
  packageBytes(model: string, version: number): Promise<Buffer>
  /** Makes a certified version the champion, in the transaction that routes traffic to it. */
  promote(tx: Tx, model: string, version: number, why: string): Promise<void>
  /** Takes a version out of use; `back` becomes the champion again. */
  withdraw(tx: Tx, model: string, version: number, back: number | null, why: string): Promise<void>
}

/** Who registers and promotes where no person does. */
const ORRERY = 'orrery'

export function openReleases(
  needs: RegistryNeeds,
  { requireCertified }: Pick<Certification, 'requireCertified'>,
): Releases {
  const { storage, blobs, clock } = needs
  const tell = openTeller(needs.events)

  const verdict = (gates: readonly GateResult[]): 'candidate' | 'rejected' =>
    gates.every((gate) => gate.passed || gate.pending) ? 'candidate' : 'rejected'
  const tellVerdict = (
    tx: Tx,
    version: ModelVersionKey,
    gates: readonly GateResult[],
    from: { pipelineRun: string | null; run: string | null; source: string },
  ) =>
    tell.ofVersion(tx, 'version_registered', version, {
      passed: verdict(gates) === 'candidate',
      failedGates: gates.filter((gate) => !gate.passed && !gate.pending),
      ...from,
    })

  async function packaged(model: string, version: number): Promise<PackagedVersion> {
    const found = await requireVersion(storage, model, version)
    if (!isPackaged(found)) throw new VersionNotPackaged(model, version)
    return found
  }

  /** A pipeline's model may be one that a client made before: then it belongs to the project from now on. */
  async function ensureModel(tx: Tx, name: string, project: string): Promise<void> {
    const now = clock.now()
    const model = { name, project, description: '', created_at: now, updated_at: now }
    if (await insertModel(tx, model)) return
    const known = await modelRow(tx, name)
    await updateModel(tx, name, { updated_at: now, ...(known?.project == null && { project }) })
  }

  return {
    register: async ({ report, baseline, ...candidate }, gates) => {
      const { model, project, pipelineRun, run } = candidate
      const key = await storage.write(async (tx) => {
        const existing = await versionOfPipelineRun(tx, pipelineRun)
        if (existing) return existing
        await ensureModel(tx, model, project)
        const now = clock.now()
        const source = `runs:/${run}/model`
        const version = await insertVersion(
          tx,
          {
            ...candidate,
            ...{ source, location: source, runLink: null, loggedModel: null, by: ORRERY },
            ...{ state: verdict(gates), stage: 'none', description: '', certification: null },
            ...{ gates: [...gates], createdAt: now, updatedAt: now },
          },
          { report, baseline },
        )
        await tellVerdict(tx, { model, version, project }, gates, { pipelineRun, run, source })
        return { model, version }
      })
      return requireVersion(storage, key.model, key.version)
    },
    attachPackage: async (model, version, { report, baseline, ...evaluated }, gates) => {
      await storage.write(async (tx) => {
        const found = await requireVersion(tx, model, version)
        if (found.package?.hash === evaluated.package.hash) return
        if (isPackaged(found)) throw new VersionPackagedAlready(model, version)
        if (evaluated.project !== null) await ensureModel(tx, model, evaluated.project)
        const after: ModelVersion = {
          ...found,
          ...evaluated,
          gates: [...gates],
          state: verdict(gates),
          updatedAt: clock.now(),
        }
        await savePackaged(tx, after, report ? { report, baseline } : null)
        await tellVerdict(tx, after, gates, { pipelineRun: null, run: after.run, source: after.source })
      })
      return packaged(model, version)
    },
    packaged,
    evaluated: async (model, version) => {
      const found = await packaged(model, version)
      if (!isEvaluated(found)) throw new VersionNotEvaluated(model, version)
      return found
    },
    report: async (model, version) => {
      await requireVersion(storage, model, version)
      return (await evidenceOf(storage, { model, version }, 'report')) ?? null
    },
    baseline: (model, version) => evidenceOf(storage, { model, version }, 'baseline'),
    packageBytes: async (model, version) => blobs.get((await packaged(model, version)).package.hash),
    promote: async (tx, model, version, why) => {
      const found = await requireCertified(tx, model, version)
      await saveVersion(tx, found, { state: 'production', stage: 'production' })
      const before = await aliasedVersion(tx, model, 'champion')
      if (before !== undefined && before !== version) {
        await setAliasRow(tx, model, 'previous', before)
        await saveVersion(tx, { model, version: before }, { stage: 'archived' })
      }
      await setAliasRow(tx, model, 'champion', version)
      await beginService(tx, found, 'champion', { at: clock.now(), by: found.certification!.by, why })
      if (before !== version) await tell.ofVersion(tx, 'alias_set', found, { by: ORRERY, alias: 'champion' })
    },
    withdraw: async (tx, model, version, back, why) => {
      await saveVersion(tx, { model, version }, { state: 'rolled_back', stage: 'archived' })
      if (back === null) return
      const again = await versionOf(tx, model, back)
      if (!again) throw new VersionUnknown(model, back)
      await setAliasRow(tx, model, 'champion', back)
      await saveVersion(tx, again, { stage: 'production' })
      await beginService(tx, again, 'champion', { at: clock.now(), by: ORRERY, why })
      await tell.ofVersion(tx, 'alias_set', again, { by: ORRERY, alias: 'champion' })
    },
  }
}

type ModelVersionKey = { model: string; version: number; project: string | null }
