import { decodeJson, encodeJson, type Storage, type Tx, tables } from '#platform/storage'
import type { Role, Token } from './contract.ts'

interface AccessTables {
  access_tokens: {
    id: string
    name: string
    roles: string
    hash: string
    created_at: number
    revoked_at: number | null
  }
}

export async function insertToken(tx: Tx, token: Token & { hash: string }): Promise<void> {
  await tables<AccessTables>(tx)
    .insertInto('access_tokens')
    .values({
      id: token.id,
      name: token.name,
      roles: encodeJson(token.roles),
      hash: token.hash,
      created_at: token.createdAt,
      revoked_at: null,
    })
    .execute()
}

export async function revokeToken(tx: Tx, id: string, at: number): Promise<boolean> {
  const { numUpdatedRows } = await tables<AccessTables>(tx)
    .updateTable('access_tokens')
    .set({ revoked_at: at })
    .where('id', '=', id)
    .where('revoked_at', 'is', null)
    .executeTakeFirst()
  return numUpdatedRows > 0n
}

export async function tokenByHash(storage: Storage, hash: string): Promise<Token | undefined> {
  const row = await storage
    .reads<AccessTables>()
    .selectFrom('access_tokens')
    .selectAll()
    .where('hash', '=', hash)
    .where('revoked_at', 'is', null)
    .executeTakeFirst()
  return row && fromRow(row)
}

export async function allTokens(storage: Storage): Promise<Token[]> {
  const rows = await storage
    .reads<AccessTables>()
    .selectFrom('access_tokens')
    .selectAll()
    .orderBy('created_at')
    .execute()
  return rows.map(fromRow)
}

function fromRow(row: AccessTables['access_tokens']): Token {
  return {
    id: row.id,
    name: row.name,
    roles: decodeJson<Role[]>(row.roles),
    createdAt: Number(row.created_at),
    revokedAt: row.revoked_at === null ? null : Number(row.revoked_at),
  }
}
