import type { Duck } from '#data'
import { named, typesOf } from './rows.ts'

/** A column of a table in a database, as both kinds of database write it. */
export interface SqlColumn {
  readonly name: string
  readonly type: 'text' | 'bigint' | 'double precision' | 'boolean'
}

/** The columns of a SELECT, and that SELECT with every value in a type that databases share. */
export async function columnsFor(duck: Duck, answers: string): Promise<{ columns: SqlColumn[]; select: string }> {
  const types = await typesOf(duck, `(${answers})`)
  const columns = [...types].map(([name, type]): SqlColumn => ({ name, type: sharedType(type) }))
  const cast = { text: 'VARCHAR', bigint: 'BIGINT', 'double precision': 'DOUBLE', boolean: 'BOOLEAN' }
  const list = columns.map(({ name, type }) => `${named(name)}::${cast[type]} AS ${named(name)}`)
  return { columns, select: `SELECT ${list.join(', ')} FROM (${answers})` }
}

function sharedType(type: string): SqlColumn['type'] {
  if (/^U?(TINY|SMALL|BIG)INT$|^U?INTEGER$/.test(type)) return 'bigint'
  if (/^(FLOAT|DOUBLE|DECIMAL.*|HUGEINT)$/.test(type)) return 'double precision'
  return type === 'BOOLEAN' ? 'boolean' : 'text'
}

/** The table beside the answers that says which parts are there. */
export const MANIFESTS = 'orrery_batch_parts'
