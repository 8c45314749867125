import type { Principal } from '#platform/http'
import type { Tx } from '#platform/storage'
import { certificateOf, hashOf, missingRoles, roleToSign } from './certificate.ts'
import type { Certificate, CertificateReply, StagingReport, VersionSignature } from './certificate.contract.ts'
import { type GateResult, isPackaged, type ModelVersion, type PackagedVersion } from './entities.contract.ts'
import {
  CertifierRoleMissing,
  ReportChanged,
  SignedAlready,
  VersionNotCertifiable,
  VersionNotCertified,
  VersionNotPackaged,
} from './errors.ts'
import { openTeller } from './facts.ts'
import { judgeStaged } from './gates.ts'
import { type RegistryNeeds, requireVersion } from './needs.ts'
import { insertSignature, saveStagingReport, signaturesOf, stagingReportOf } from './store/signatures.ts'
import { evidenceOf, saveGates, saveVersion } from './store/versions.ts'

export interface Signing {
  by: Principal
  /** One entry per signature that the environment asks for; none where nobody has to sign. */
  roles: readonly string[]
  note: string
  automatic: boolean
  /** Hash of the report that the signer has seen; refused when it is another one by now. */
  report?: string | undefined
}

export interface Certification {
  /**
   * Signs for production. The signature covers the report as it is now; the last one that is missing certifies.
   *
   * @throws CertifierRoleMissing, SignedAlready, ReportChanged, VersionNotCertifiable, VersionNotPackaged
   */
  certify(model: string, version: number, signing: Signing): Promise<ModelVersion>
  /** @throws CertifierRoleMissing, VersionNotCertifiable, VersionNotPackaged */
  reject(
    model: string,
    version: number,
    by: Principal,
    reason: string,
    roles?: readonly string[],
  ): Promise<ModelVersion>
  /** The report, who signed it, and who still has to. @throws VersionUnknown, VersionNotPackaged */
  certificate(model: string, version: number, roles: readonly string[]): Promise<CertificateReply>
  /**
   * Keeps what staging found, and judges the gates that waited for it. Returns those that did not pass.
   * @throws VersionUnknown, VersionNotPackaged
   */
  staged(model: string, version: number, found: Omit<StagingReport, 'at'>): Promise<GateResult[]>
  /** Asked before a version scores or answers anything in production. @throws VersionNotCertified */
  requireCertified(tx: Tx, model: string, version: number): Promise<ModelVersion>
}

export function openCertification(needs: RegistryNeeds): Certification {
  const { storage, clock } = needs
  const tell = openTeller(needs.events)

  async function requireCandidate(tx: Tx, model: string, version: number): Promise<PackagedVersion> {
    const found = await requireVersion(tx, model, version)
    if (!isPackaged(found)) throw new VersionNotPackaged(model, version)
    if (found.state !== 'candidate') throw new VersionNotCertifiable(model, version, found.state.replace('_', ' '))
    return found
  }

  async function reportOf(tx: Tx | typeof storage, version: PackagedVersion): Promise<Certificate> {
    const report = (await evidenceOf(tx, version, 'report')) ?? null
    return certificateOf(version, report, await stagingReportOf(tx, version))
  }

  return {
    certify: async (model, version, { by, roles, note, automatic, report }) => {
      await storage.write(async (tx) => {
        const found = await requireCandidate(tx, model, version)
        const hash = hashOf(await reportOf(tx, found))
        if (report !== undefined && report !== hash) throw new ReportChanged(model, version)
        const before = await signaturesOf(tx, found)
        const missing = missingRoles(roles, before, hash)
        const role = roles.length === 0 ? 'auto' : roleToSign(missing, by.roles)
        if (role === undefined) throw new CertifierRoleMissing(by.name, [...new Set(missing)].join(' or '))
        if (before.some((one) => one.by === by.name && one.report === hash)) throw new SignedAlready(by.name, missing)
        const signature: VersionSignature = { by: by.name, role, at: clock.now(), note, automatic, report: hash }
        await insertSignature(tx, found, signature)
        const left = missingRoles(roles, [...before, signature], hash)
        if (left.length > 0) return tell.ofVersion(tx, 'version_signed', found, { by: by.name, role, missing: left })
        const signers = [...before.filter((one) => one.report === hash), signature].map((one) => one.by)
        const certification = { by: signers.join(', '), at: signature.at, automatic, note }
        await saveVersion(tx, found, { state: 'certified', certification })
        await tell.ofVersion(tx, 'version_certified', found, { by: certification.by, automatic, note, report: hash })
      })
      return requireVersion(storage, model, version)
    },
    reject: async (model, version, by, reason, roles = []) => {
      if (roles.length > 0 && roleToSign(roles, by.roles) === undefined)
        throw new CertifierRoleMissing(by.name, [...new Set(roles)].join(' or '))
      await storage.write(async (tx) => {
        const found = await requireCandidate(tx, model, version)
        await saveVersion(tx, found, { state: 'rejected' })
        await tell.ofVersion(tx, 'version_rejected', found, { by: by.name, reason })
      })
      return requireVersion(storage, model, version)
    },
    certificate: async (model, version, roles) => {
      const found = await requireVersion(storage, model, version)
      if (!isPackaged(found)) throw new VersionNotPackaged(model, version)
      const certificate = await reportOf(storage, found)
      const hash = hashOf(certificate)
      const signatures = await signaturesOf(storage, found)
      const isOver = found.state !== 'candidate'
      return {
        certificate,
        hash,
        signatures: signatures.map((one) => ({ ...one, covers: one.report === hash })),
        roles: [...roles],
        missing: isOver ? [] : missingRoles(roles, signatures, hash),
      }
    },
    staged: (model, version, found) =>
      storage.write(async (tx) => {
        const of = await requireVersion(tx, model, version)
        if (!isPackaged(of)) throw new VersionNotPackaged(model, version)
        await saveStagingReport(tx, of, { at: clock.now(), ...found })
        const report = (await evidenceOf(tx, of, 'report')) ?? null
        const gates = judgeStaged(of, report, found)
        await saveGates(tx, of, gates)
        return gates.filter(({ passed }) => !passed)
      }),
    requireCertified: async (tx, model, version) => {
      const found = await requireVersion(tx, model, version)
      if (!found.certification) throw new VersionNotCertified(model, version)
      return found
    },
  }
}
