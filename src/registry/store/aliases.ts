import type { Storage, Tx } from '#platform/storage'
import { reading } from './tables.ts'

export async function setAliasRow(tx: Tx, model: string, alias: string, version: number): Promise<void> {
  await reading(tx)
    .insertInto('registry_aliases')
    .values({ model, alias, version })
    .onConflict((c) => c.columns(['model', 'alias']).doUpdateSet({ version }))
    .execute()
}

export async function deleteAliasRow(tx: Tx, model: string, alias: string): Promise<void> {
  await reading(tx).deleteFrom('registry_aliases').where('model', '=', model).where('alias', '=', alias).execute()
}

export async function aliasedVersion(from: Storage | Tx, model: string, alias: string): Promise<number | undefined> {
  const row = await reading(from)
    .selectFrom('registry_aliases')
    .select('version')
    .where('model', '=', model)
    .where('alias', '=', alias)
    .executeTakeFirst()
  return row?.version
}

export async function deleteAliasesOf(tx: Tx, { model, version }: { model: string; version: number }): Promise<void> {
  await reading(tx).deleteFrom('registry_aliases').where('model', '=', model).where('version', '=', version).execute()
}
