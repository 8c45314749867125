import { createHash } from 'node:crypto'
import { partsOfRecipe } from '#projects'
import type { DatasetSpec } from '../contract.ts'
import { askHttp } from './http.ts'
import { openSource } from './open-source.ts'
import { openSecrets } from './secrets.ts'

/** What a URL said of its content when it was read last (RFC 9110, section 8.8), and how the project file meant it then. */
export interface Validators {
  etag: string | null
  modified: string | null
  bytes: number | null
  spec: string
}

/** A time to the second tells nothing of what is written within that second: it counts once the content is older. */
const SETTLED_MS = 60_000

/**
 * Asks a URL that is polled whether it still has what was read last, without its body: `If-None-Match` and `If-Modified-Since`,
 * and where a server minds neither, by what it says of its content. Other places are read to find out. Asked before the content is
 * read, so that what changes meanwhile is read again the next time.
 *
 * @returns validators to keep with what is read now; none where there are none, or where it could not be asked
 */
export async function askUnchanged(
  spec: DatasetSpec,
  known: Validators | undefined,
  env: NodeJS.ProcessEnv,
): Promise<{ unchanged: boolean; validators: Validators | undefined }> {
  const unknown = { unchanged: false, validators: undefined }
  // Steps that make rows may read other data sets, which change by themselves.
  if (spec.sha256 !== undefined || partsOfRecipe(spec.prepare ?? []).table.length > 0) return unknown
  const written = createHash('sha256').update(JSON.stringify(spec)).digest('hex')
  const before = known?.spec === written ? known : undefined
  try {
    const opened = openSource(spec, openSecrets(env), env)
    if (opened.place !== 'url') return unknown
    const said = await askHttp(opened.url, {
      name: opened.name,
      headers: {
        ...opened.headers,
        ...(before?.etag && { 'if-none-match': before.etag }),
        ...(before?.modified && { 'if-modified-since': before.modified }),
      },
    })
    if (said.unchanged && before) return { unchanged: true, validators: before }
    const settled = said.modified !== null && (said.date ?? Date.now()) - Date.parse(said.modified) >= SETTLED_MS
    const validators = { etag: said.etag, modified: settled ? said.modified : null, bytes: said.bytes, spec: written }
    const same =
      validators.bytes === before?.bytes &&
      (validators.etag !== null ? validators.etag === before.etag : validators.modified === before.modified)
    const tells = validators.etag !== null || validators.modified !== null
    return { unchanged: tells && before !== undefined && same, validators: tells ? validators : undefined }
  } catch {
    // Reading it says what is wrong.
    return unknown
  }
}
