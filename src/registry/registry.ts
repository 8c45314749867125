import { hasRole } from '#access'
import type { EvaluationReport } from '#evaluation/contract'
import type { Blobs } from '#platform/blobs'
import type { Events } from '#platform/events'
import type { Principal } from '#platform/http'
import type { Storage, Tx } from '#platform/storage'
import type { Clock } from '#platform/time'
import type { GateResult, Model, ModelVersion } from './contract.ts'
import {
  CertifierRoleMissing,
  ModelUnknown,
  VersionNotCertifiable,
  VersionNotCertified,
  VersionUnknown,
} from './errors.ts'
import {
  baselineOf,
  insertVersion,
  listModels,
  listVersions,
  reportOf,
  setAlias,
  setCertification,
  setState,
  upsertModel,
  versionIn,
  versionOf,
  versionOfPipelineRun,
} from './store.ts'

/** What a pipeline run hands over: everything of a version but its number and the verdict on it. */
export interface Candidate extends Omit<ModelVersion, 'version' | 'state' | 'createdAt' | 'certification' | 'gates'> {
  report: EvaluationReport
  /** Distributions of the training data: what drift is measured against. */
  baseline: unknown
}

export interface Registry {
  /** Once per pipeline run: asked again, the version that exists is returned. */
  register(candidate: Candidate, gates: readonly GateResult[]): Promise<ModelVersion>
  version(model: string, version: number): Promise<ModelVersion>
  versions(model: string, page: { limit: number; offset: number }): Promise<ModelVersion[]>
  model(name: string): Promise<Model>
  models(where: { project?: string }): Promise<Model[]>
  report(model: string, version: number): Promise<EvaluationReport>
  baseline(model: string, version: number): Promise<unknown>
  packageBytes(model: string, version: number): Promise<Buffer>
  /** Signs for production; `role` is what the project's environment asks for, `auto` when nobody has to sign. */
  certify(
    model: string,
    version: number,
    signed: { by: Principal; role: string; note: string; automatic: boolean },
  ): Promise<ModelVersion>
  reject(model: string, version: number, by: string, reason: string): Promise<ModelVersion>
  /** Makes a certified version the champion, in the transaction that routes traffic to it. */
  promote(tx: Tx, model: string, version: number): Promise<void>
  /** Takes a version out of use; `back` becomes the champion again. */
  withdraw(tx: Tx, model: string, version: number, back: number | null): Promise<void>
}

export function openRegistry(needs: { storage: Storage; blobs: Blobs; events: Events; clock: Clock }): Registry {
  const { storage, blobs, events, clock } = needs

  async function requireVersion(model: string, version: number): Promise<ModelVersion> {
    const found = await versionOf(storage, model, version)
    if (!found) throw new VersionUnknown(model, version)
    return found
  }

  async function requireCandidate(tx: Tx, model: string, version: number): Promise<ModelVersion> {
    const found = await versionIn(tx, model, version)
    if (!found) throw new VersionUnknown(model, version)
    if (found.state !== 'candidate') throw new VersionNotCertifiable(model, version, found.state.replace('_', ' '))
    return found
  }

  const tell = (tx: Tx, type: string, found: Pick<ModelVersion, 'model' | 'project'>, version: number, data = {}) =>
    events.publish(tx, {
      type: `registry.${type}`,
      project: found.project,
      subject: `${found.model}@${version}`,
      data: { model: found.model, version, ...data },
    })

  return {
    register: async ({ report, baseline, ...candidate }, gates) => {
      const passed = gates.every((gate) => gate.passed)
      const number = await storage.write(async (tx) => {
        const existing = await versionOfPipelineRun(tx, candidate.pipelineRun)
        if (existing) return existing.version
        await upsertModel(tx, candidate.model, candidate.project, clock.now())
        const version = await insertVersion(
          tx,
          {
            ...candidate,
            gates: [...gates],
            state: passed ? 'candidate' : 'rejected',
            createdAt: clock.now(),
            certification: null,
          },
          report,
          baseline,
        )
        await tell(tx, 'version_registered', candidate, version, {
          passed,
          failedGates: gates.filter((gate) => !gate.passed),
          pipelineRun: candidate.pipelineRun,
        })
        return version
      })
      return requireVersion(candidate.model, number)
    },
    version: requireVersion,
    versions: (model, page) => listVersions(storage, model, page),
    model: async (name) => {
      const [model] = await listModels(storage, { name })
      if (!model) throw new ModelUnknown(name)
      return model
    },
    models: (where) => listModels(storage, where),
    report: async (model, version) => {
      const report = await reportOf(storage, model, version)
      if (!report) throw new VersionUnknown(model, version)
      return report
    },
    baseline: (model, version) => baselineOf(storage, model, version),
    packageBytes: async (model, version) => blobs.get((await requireVersion(model, version)).package.hash),
    certify: async (model, version, { by, role, note, automatic }) => {
      if (role !== 'auto' && !hasRole(by.roles, role)) throw new CertifierRoleMissing(by.name, role)
      await storage.write(async (tx) => {
        const found = await requireCandidate(tx, model, version)
        await setCertification(tx, model, version, { by: by.name, at: clock.now(), automatic, note })
        await tell(tx, 'version_certified', found, version, { by: by.name, automatic, note })
      })
      return requireVersion(model, version)
    },
    reject: async (model, version, by, reason) => {
      await storage.write(async (tx) => {
        const found = await requireCandidate(tx, model, version)
        await setState(tx, model, version, 'rejected')
        await tell(tx, 'version_rejected', found, version, { by, reason })
      })
      return requireVersion(model, version)
    },
    promote: async (tx, model, version) => {
      const found = await versionIn(tx, model, version)
      if (!found) throw new VersionUnknown(model, version)
      // The one place where every way to production meets this rule.
      if (!found.certification) throw new VersionNotCertified(model, version)
      const before = (await listModels(storage, { name: model }))[0]?.aliases.champion
      await setState(tx, model, version, 'production')
      if (before !== undefined && before !== version) await setAlias(tx, model, 'previous', before)
      await setAlias(tx, model, 'champion', version)
    },
    withdraw: async (tx, model, version, back) => {
      await setState(tx, model, version, 'rolled_back')
      if (back !== null) await setAlias(tx, model, 'champion', back)
    },
  }
}
