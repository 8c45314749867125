import type { Tx } from '#platform/storage'
import { Kept } from './errors.ts'

/**
 * What a later room needs of what is about to be deleted, asked in the transaction that would do it: which of these it is,
 * and what needs it, such as `price-up v3`.
 */
export type KeeperOf = (
  tx: Tx,
  of: 'runs' | 'logged models',
  ids: readonly string[],
) => Promise<{ id: string; keeper: string } | undefined>

export const nobodyKeeps: KeeperOf = async () => undefined

/** @throws Kept */
export async function checkFree(
  keeperOf: KeeperOf,
  tx: Tx,
  of: 'runs' | 'logged models',
  ids: readonly string[],
): Promise<void> {
  const kept = await keeperOf(tx, of, ids)
  if (kept) throw new Kept(`${of === 'runs' ? 'Run' : 'Logged model'} ${kept.id}`, kept.keeper)
}
