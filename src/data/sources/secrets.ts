import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { OrreryError } from '#platform/errors'
import { SecretMissing } from '../errors.ts'

const NAMED = /\$\{secret\.([A-Z][A-Z0-9_]*)\}/g
/** Shorter ones would mask half of every message. */
const SHORTEST = 4

/** Values that stand in no file of a project: named there, known here, told to nobody. */
export interface Secrets {
  /**
   * The text with the values in place of `${secret.NAME}`.
   *
   * @param encode how a value is written where it stands, such as in a URL
   * @throws SecretMissing
   */
  fill(text: string, encode?: (value: string) => string): string
  /** The text without any value that was filled in so far. */
  mask(text: string): string
  /** The error without them, in message, stack and details. */
  maskError(error: unknown): unknown
}

/** Secrets of the environment (`ORRERY_SECRET_NAME`), and of the folder `ORRERY_SECRETS` with a file for each. */
export function openSecrets(env: NodeJS.ProcessEnv): Secrets {
  const told = new Set<string>()

  function secretNamed(name: string): string {
    const value = env[`ORRERY_SECRET_${name}`] ?? (env.ORRERY_SECRETS ? fileOf(env.ORRERY_SECRETS, name) : undefined)
    if (value === undefined || value === '') throw new SecretMissing(name)
    for (const form of [value, encodeURIComponent(value)]) if (form.length >= SHORTEST) told.add(form)
    return value
  }

  function mask(text: string): string {
    let masked = text
    // Longer ones first: one secret may be the beginning of another.
    for (const value of [...told].sort((a, b) => b.length - a.length)) masked = masked.replaceAll(value, '***')
    return masked
  }

  return {
    fill: (text, encode = (value) => value) => text.replace(NAMED, (_, name: string) => encode(secretNamed(name))),
    mask,
    maskError: (error) => {
      if (told.size === 0 || !(error instanceof Error)) return error
      const { message } = error
      error.message = mask(message)
      if (error.stack) error.stack = mask(error.stack)
      if (error instanceof OrreryError && error.details)
        Object.assign(error.details, JSON.parse(mask(JSON.stringify(error.details))))
      return error
    },
  }
}

function fileOf(folder: string, name: string): string | undefined {
  try {
    return readFileSync(join(folder, name), 'utf8').replace(/\r?\n$/, '')
  } catch {
    return undefined
  }
}
