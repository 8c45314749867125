import { type Storage, type Tx, tables } from '#platform/storage'

interface JournalTables {
  /** How far each file was moved into the table, in bytes from its start. */
  serving_journal: { segment: string; moved: number }
}

/** Asked by the one who moves, and nobody else does. */
export async function movedOf(storage: Storage, segment: string): Promise<number> {
  const row = await storage
    .reads<JournalTables>()
    .selectFrom('serving_journal')
    .select('moved')
    .where('segment', '=', segment)
    .executeTakeFirst()
  return Number(row?.moved ?? 0)
}

export async function setMoved(tx: Tx, segment: string, moved: number): Promise<void> {
  await tables<JournalTables>(tx)
    .insertInto('serving_journal')
    .values({ segment, moved })
    .onConflict((c) => c.column('segment').doUpdateSet({ moved }))
    .execute()
}

/** Forgets files that are no longer there. */
export async function forgetSegments(tx: Tx, segments: readonly string[]): Promise<void> {
  await tables<JournalTables>(tx).deleteFrom('serving_journal').where('segment', 'in', segments).execute()
}
