import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs'
import { WrongUse } from '../errors.ts'
import { openFolderSource } from './folder-source.ts'
import { openHttpSource } from './http-source.ts'
import { localPath } from './local-files.ts'
import type { MlflowSource, Report } from './source.ts'
import { openSqliteSource } from './sqlite-source.ts'

/**
 * The MLflow that an address means: a tracking server, an `mlruns` folder or the SQLite file of a server.
 *
 * @throws SourceNotMlflow, SourceUnreachable, SourceRefused, WrongUse
 */
export async function openMlflowSource(
  uri: string,
  options: { artifacts: string | undefined; report: Report; env: NodeJS.ProcessEnv },
): Promise<MlflowSource> {
  if (/^https?:\/\//i.test(uri)) {
    if (!URL.canParse(uri)) throw new WrongUse(`"${uri}" is no address.`, 'Write it as http://host:port.')
    return openHttpSource(uri, options.env)
  }
  const [, database] = /^sqlite:\/\/\/(.+)$/.exec(uri) ?? []
  if (database !== undefined) return openSqliteSource(database, options)
  const [, scheme] = /^([a-z][a-z0-9+.-]+):/i.exec(uri) ?? []
  if (scheme !== undefined && scheme !== 'file')
    throw new WrongUse(
      `An MLflow at "${scheme}:" cannot be read directly.`,
      'Give the http:// address of a tracking server that uses it; `mlflow server --backend-store-uri …` starts one.',
    )
  const path = localPath(uri)
  return isDatabase(path) ? openSqliteSource(path, options) : openFolderSource(path, options)
}

function isDatabase(path: string): boolean {
  if (!existsSync(path) || !statSync(path).isFile()) return false
  const head = Buffer.alloc(15)
  const file = openSync(path, 'r')
  readSync(file, head, 0, head.length, 0)
  closeSync(file)
  return head.toString('latin1') === 'SQLite format 3'
}
