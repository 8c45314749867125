import { link, mkdir, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type Duck, resolveSource, withDuck } from '#data'
import { OrreryError } from '#platform/errors'
import { BatchInputInvalid } from './errors.ts'
import type { InputFile } from './plan.ts'
import { listPictureFiles } from './list-pictures.ts'
import { literal, named } from './rows.ts'

export interface ReadInput {
  /** Of the job. */
  readonly folder: string
  readonly source:
    | { readonly kind: 'parquet'; readonly path: string }
    | { readonly kind: 'file'; readonly file: string; readonly from: string }
    /** A folder of them, for a model of pictures. */
    | { readonly kind: 'pictures'; readonly path: string }
    | { readonly kind: 'query'; readonly sql: string; readonly tables: Readonly<Record<string, string>> }
}

/**
 * The input as Parquet files whose rows have numbers: those that are there are read where they lie, texts and the rows of a query
 * are written down once.
 *
 * @throws SourceNotFound, FormatUnknown, BatchInputInvalid
 */
export async function readInput({ folder, source }: ReadInput): Promise<InputFile[]> {
  await mkdir(folder, { recursive: true })
  if (source.kind === 'parquet') return [await counted({ path: source.path })]
  if (source.kind === 'query') return [await runQuery(folder, source)]
  if (source.kind === 'pictures') {
    const list = join(folder, 'pictures.jsonl')
    await listPictureFiles(source.path, list)
    return [
      await written(folder, [], async () => `SELECT * FROM read_json(${literal(list)}, columns = {file: 'VARCHAR'})`),
    ]
  }
  // Data sets come from anywhere, with their versions; what a batch is pointed at lies here.
  if (/^[a-z][a-z0-9+.-]*:/i.test(source.file))
    throw new BatchInputInvalid('it is an address', 'Name files, or make it a data set of a project.')
  const found = await resolveSource({ source: source.file, folder: source.from, downloads: folder })
  if (found.format === 'parquet') {
    const files: InputFile[] = []
    for (const { path, bytes, modifiedMs } of found.files)
      files.push(await counted({ path, seen: { bytes, modifiedMs } }))
    return files
  }
  const paths = `[${found.files.map(({ path }) => literal(path)).join(', ')}]`
  // As text: what a column holds is the signature's to say, and "007" stays what it is.
  const relation =
    found.format === 'csv'
      ? `read_csv(${paths}, all_varchar = true, header = true, union_by_name = true)`
      : `read_json(${paths})`
  const folders = [...new Set(found.files.map(({ path }) => dirname(path)))]
  return [await written(folder, folders, async () => `SELECT * FROM ${relation}`)]
}

async function runQuery(folder: string, { sql, tables }: Extract<ReadInput['source'], { kind: 'query' }>) {
  // A folder of its own with nothing but the tables: whatever the query names, it reads no other file.
  const cell = join(folder, 'tables')
  await rm(cell, { recursive: true, force: true })
  await mkdir(cell, { recursive: true })
  for (const [table, path] of Object.entries(tables)) await link(path, join(cell, `${table}.parquet`))
  try {
    return await written(folder, [cell], async (duck) => {
      const { parsed } = await duck.row<{ parsed: string }>(`SELECT json_serialize_sql(${literal(sql)}) AS parsed`)
      const tree = JSON.parse(parsed) as { error: boolean; error_message?: string; statements?: unknown[] }
      if (tree.error || tree.statements?.length !== 1)
        throw new BatchInputInvalid(
          tree.error ? `the query: ${tree.error_message}` : 'the query is more than one statement',
          'Write one SELECT over the data sets of the project.',
        )
      for (const table of Object.keys(tables))
        await duck.run(`CREATE VIEW ${named(table)} AS FROM read_parquet(${literal(join(cell, `${table}.parquet`))})`)
      // Its semicolon, where it has one, would end our statement.
      return sql.trim().replace(/;+$/, '')
    })
  } finally {
    await rm(cell, { recursive: true, force: true })
  }
}

async function written(
  folder: string,
  folders: readonly string[],
  select: (duck: Duck) => Promise<string>,
): Promise<InputFile> {
  const path = join(folder, 'input.parquet')
  await withDuck({ folders: [...folders, folder], spillTo: folder }, async (duck) => {
    try {
      await duck.run(`COPY (${await select(duck)}) TO ${literal(path)} (FORMAT parquet)`)
    } catch (error) {
      if (error instanceof OrreryError || /^Out of Memory|No space left/.test((error as Error).message)) throw error
      const [reason] = (error as Error).message.split('\n')
      throw new BatchInputInvalid(reason!.slice(0, 500), 'Mend the input, then start it again.')
    }
  })
  return counted({ path })
}

async function counted(file: Omit<InputFile, 'rows'>): Promise<InputFile> {
  return withDuck({ folders: [dirname(file.path)], threads: 1 }, async (duck) => {
    const { rows } = await duck
      .row<{ rows: number }>(`SELECT sum(num_rows)::BIGINT AS rows FROM parquet_file_metadata(${literal(file.path)})`)
      .catch((error: Error) => {
        throw new BatchInputInvalid(error.message.split('\n')[0]!.slice(0, 500), 'Name Parquet files that are whole.')
      })
    return { ...file, rows }
  })
}
