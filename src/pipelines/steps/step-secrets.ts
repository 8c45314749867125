import { openSecrets } from '#data'
import type { CommandStep, ProjectSpec } from '#projects'

export interface StepSecrets {
  /** Variables of the command, by the names that its environment lists. */
  readonly env: Readonly<Record<string, string>>
  /** What the command prints, without their values. */
  mask(text: string): string
  maskError(error: unknown): unknown
}

/**
 * The secrets that a step is handed: those of the environment it names in `secrets_of`, and no others.
 *
 * @param server the server's own environment, where they stand as `ORRERY_SECRET_<NAME>`
 * @throws SecretMissing
 */
export function secretsOfStep(
  { environments }: Pick<ProjectSpec, 'environments'>,
  { secrets_of: of }: Pick<CommandStep, 'secrets_of'>,
  server: NodeJS.ProcessEnv,
): StepSecrets {
  const secrets = openSecrets(server)
  const names = (of !== undefined && environments[of]?.secrets) || []
  return {
    env: Object.fromEntries(names.map((name) => [name, secrets.fill(`\${secret.${name}}`)])),
    mask: secrets.mask,
    maskError: secrets.maskError,
  }
}
