import { OrreryError } from '#platform/errors'
import type { Events, StoredEvent } from '#platform/events'
import type { Projects } from '#projects'
import type { Registry } from '#registry'
import type { Rollout } from './contract.ts'
import type { Deployments } from './deployments.ts'
import { certifyingRoles } from './plan.ts'

/** The identity that signs where the project says nobody has to. */
const NOBODY_HAS_TO = { name: 'orrery', roles: [] }

/** A candidate sets out; what people decide about it, and what its checks found, moves it on. */
export function followVersions(needs: {
  events: Events
  projects: Projects
  registry: Registry
  deployments: Deployments
  /** How far an endpoint has come: event time in ms, `null` before its first request, and requests it has answered. */
  reachedBy: (endpoint: string) => Promise<{ eventTime: number | null; requests: number }>
}): void {
  const { events, projects, registry, deployments, reachedBy } = needs

  async function versionOf({ data }: StoredEvent) {
    return registry.packaged(String(data.model), Number(data.version))
  }

  const carryOn = async (endpoint: string, version: number, by: string) =>
    deployments.move(endpoint, version, { kind: 'certified', by, ...(await reachedBy(endpoint)) })

  /** The endpoints that a version is on its way to: the one of its project, and those people named. */
  const onTheirWay = async (model: string, version: number) =>
    (await deployments.rollouts({ model, version, unfinished: true })).map(({ endpoint }) => endpoint)

  const rolesFor = async ({ project, endpoint }: Rollout) =>
    certifyingRoles(project === null ? null : (await projects.project(project)).spec, endpoint)

  /** A file that names a version is not overtaken by a newer one: that stays a candidate. */
  async function isPinnedElsewhere(model: string, version: number, endpoint: string): Promise<boolean> {
    const { project } = await registry.packaged(model, version)
    const pinned = project === null ? undefined : (await projects.project(project)).spec.deploy[endpoint]?.version
    return pinned !== undefined && pinned !== version
  }

  // A version that is not there, or not signed, is told by `plan` as drift; the next apply tries again.
  events.subscribe('deployments.pins', ['projects.applied'], async ({ subject }) => {
    const { spec } = await projects.project(subject)
    for (const [endpoint, { version }] of Object.entries(spec.deploy))
      if (version !== undefined)
        await deployments.pin(endpoint, version).catch((error) => {
          if (!(error instanceof OrreryError)) throw error
        })
  })

  events.subscribe(
    'deployments',
    [
      'registry.version_registered',
      'registry.version_certified',
      'registry.version_rejected',
      'serving.release_checked',
    ],
    async (event) => {
      const { endpoint, version, model, state, certification } = await versionOf(event)
      switch (event.type) {
        case 'registry.version_registered':
          if (state === 'candidate' && endpoint !== null && !(await isPinnedElsewhere(model, version, endpoint)))
            await deployments.begin(endpoint, version)
          return
        case 'serving.release_checked': {
          const place = event.subject
          const moved = await deployments.move(place, version, {
            kind: 'checked',
            passed: event.data.passed === true,
            note: String(event.data.note),
          })
          if (moved?.state !== 'awaiting_certification') return
          // Somebody may have signed while it was still being checked.
          if (certification) await carryOn(place, version, certification.by)
          else if (state === 'candidate' && (await rolesFor(moved)).length === 0)
            await registry.certify(model, version, {
              by: NOBODY_HAS_TO,
              roles: [],
              automatic: true,
              note: 'nobody has to sign here',
            })
          return
        }
        case 'registry.version_certified':
          for (const place of await onTheirWay(model, version))
            await carryOn(place, version, certification?.by ?? 'orrery')
          return
        case 'registry.version_rejected':
          for (const place of await onTheirWay(model, version))
            await deployments.move(place, version, {
              kind: 'refused',
              by: String(event.data.by),
              reason: String(event.data.reason),
            })
      }
    },
  )
}
