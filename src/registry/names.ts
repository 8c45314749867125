import { NameInvalid } from './errors.ts'

/** The limits of MLflow's registry; its clients meet the same ones here. */
const LIMITS = { model: 256, alias: 255, tagKey: 250, tagValue: 100_000, description: 100_000, source: 2_000 } as const

/** `models:/<name>/<version>` must be told from its parts, and a name may become one of a file. @throws NameInvalid */
export function checkModelName(name: string, what = 'name'): string {
  if (name.trim() === '') throw new NameInvalid(`Missing value for required parameter '${what}'.`)
  if (/[/:]/.test(name))
    throw new NameInvalid(`Invalid model name '${name.slice(0, 300)}'. Names cannot contain '/' or ':'.`)
  if (name === '.' || name.startsWith('..'))
    throw new NameInvalid(`Invalid model name '${name}': as a file it would be another one.`)
  if (!name.isWellFormed() || name.includes('\u0000')) throw new NameInvalid('A model name must be valid Unicode.')
  checkLength(what, name, LIMITS.model)
  return name
}

/** @throws NameInvalid */
export function checkAlias(alias: string): string {
  if (alias === '') throw new NameInvalid('Registered model alias name cannot be empty.')
  if (!/^[\p{L}\p{N}_-]*$/u.test(alias))
    throw new NameInvalid(
      `Invalid alias name: '${alias.slice(0, 300)}'. Names may only contain alphanumerics, underscores (_), and dashes (-).`,
    )
  checkLength('Registered model alias name', alias, LIMITS.alias)
  return alias
}

/** `models:/name/latest` and `models:/name/3` mean something already. @throws NameInvalid */
export function checkNewAlias(alias: string): string {
  checkAlias(alias)
  if (alias.toLowerCase() === 'latest') throw new NameInvalid("'latest' alias name (case insensitive) is reserved.")
  if (/^v\d+$/i.test(alias)) throw new NameInvalid(`Version alias name '${alias}' is reserved.`)
  return alias
}

/** @throws NameInvalid */
export function checkTagKey(key: string): string {
  if (key === '') throw new NameInvalid("Missing value for required parameter 'key'.")
  if (!/^[/\p{L}\p{N}_.\- :]*$/u.test(key))
    throw new NameInvalid(
      `Invalid tag name: '${key.slice(0, 300)}'. Names may only contain alphanumerics, underscores (_), dashes (-), periods (.), spaces ( ), colon(:) and slashes (/).`,
    )
  const parts = key.split('/')
  if (key.startsWith('..') || parts.some((part) => part === '' || part === '.' || part === '..'))
    throw new NameInvalid(`Invalid tag name: '${key.slice(0, 300)}': as the name of a file it would be another one.`)
  checkLength('key', key, LIMITS.tagKey)
  return key
}

/** @throws NameInvalid */
export function checkTags(tags: Readonly<Record<string, string>>): Record<string, string> {
  for (const [key, value] of Object.entries(tags)) {
    checkTagKey(key)
    checkLength('value', value, LIMITS.tagValue)
  }
  return { ...tags }
}

/** @throws NameInvalid */
export function checkDescription(text: string): string {
  checkLength('description', text, LIMITS.description)
  return text
}

/** @throws NameInvalid */
export function checkSourceLength(source: string): string {
  checkLength('source', source, LIMITS.source)
  return source
}

function checkLength(what: string, value: string, limit: number): void {
  if (value.length > limit) throw new NameInvalid(`'${what}' exceeds the maximum length of ${limit} characters.`)
}
