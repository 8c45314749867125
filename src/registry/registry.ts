import { type Aliases, openAliases } from './aliases.ts'
import { type Certification, openCertification } from './certification.ts'
import { type Models, openModels } from './models.ts'
import { openRegistryImports, type RegistryImports } from './imports.ts'
import type { RegistryNeeds } from './needs.ts'
import { openReleases, type Releases } from './releases.ts'
import { openVersions, type Versions } from './versions.ts'

export interface Registry extends Models, Versions, Aliases, Releases, Certification, RegistryImports {}

export function openRegistry(needs: RegistryNeeds): Registry {
  const certification = openCertification(needs)
  return {
    ...openModels(needs),
    ...openVersions(needs),
    ...openAliases(needs),
    ...openReleases(needs, certification),
    ...certification,
    ...openRegistryImports(needs),
  }
}
