import type { Events } from '#platform/events'
import type { Registry } from '#registry'
import type { PackagingRoom } from './packaging.ts'

/** The tag, of a version or of its model, that asks for packaging as soon as a version is registered. */
const TAG = 'orrery.package'

/** Packages what its team has marked for it, so that a script that registers need not ask. */
export function packageTaggedVersions(needs: { events: Events; registry: Registry; packaging: PackagingRoom }): void {
  const { events, registry, packaging } = needs
  events.subscribe('packaging', ['registry.version_logged'], async ({ data }) => {
    const model = String(data.model)
    const version = Number(data.version)
    const own = (data.tags as Record<string, string> | undefined)?.[TAG]
    // The model or the version may be gone by now: then there is nothing to package.
    const wanted = own ?? (await registry.model(model).catch(() => undefined))?.tags[TAG]
    if (wanted?.toLowerCase() !== 'true') return
    await packaging.request({ model, version, by: String(data.by ?? 'orrery') }).catch((error) => {
      if (error.code !== 'ORRERY_REGISTRY_VERSION_UNKNOWN' && error.code !== 'ORRERY_REGISTRY_PACKAGED_ALREADY')
        throw error
    })
  })
}
