import { sql } from 'kysely'
import type { Storage, Tx } from '#platform/storage'
import type { Artifact } from '../contract.ts'
import { reading } from './tables.ts'

export async function insertArtifact(tx: Tx, owner: string, { path, hash, size }: Artifact): Promise<void> {
  await reading(tx)
    .insertInto('tracking_artifacts')
    .values({ owner, path, hash, size })
    .onConflict((c) => c.columns(['owner', 'path']).doUpdateSet({ hash, size }))
    .execute()
}

/** By path. @param folder only what lies in it; everything when absent */
export async function artifactsOf(from: Storage | Tx, owner: string, folder?: string): Promise<Artifact[]> {
  let query = reading(from).selectFrom('tracking_artifacts').select(['path', 'hash', 'size']).where('owner', '=', owner)
  if (folder !== undefined) {
    const start = `${folder}/`
    // Lengths as the database counts them; a range of texts would depend on its collation.
    query = query.where(sql<boolean>`substr(path, 1, length(cast(${start} as text))) = ${start}`)
  }
  return (await query.orderBy('path').execute()).map(fromRow)
}

export async function artifactAt(from: Storage | Tx, owner: string, paths: readonly string[]): Promise<Artifact[]> {
  if (paths.length === 0) return []
  const rows = await reading(from)
    .selectFrom('tracking_artifacts')
    .select(['path', 'hash', 'size'])
    .where('owner', '=', owner)
    .where('path', 'in', paths)
    .execute()
  return rows.map(fromRow)
}

export async function deleteArtifacts(tx: Tx, owner: string, paths: readonly string[]): Promise<void> {
  if (paths.length === 0) return
  await reading(tx).deleteFrom('tracking_artifacts').where('owner', '=', owner).where('path', 'in', paths).execute()
}

const fromRow = (row: Artifact): Artifact => ({ path: row.path, hash: row.hash, size: Number(row.size) })
