import { Readable } from 'node:stream'
import type { ReadableStream } from 'node:stream/web'
import pc from 'picocolors'
import { download, writeAside } from '../download.ts'
import { DONE } from '../exit.ts'
import { GOOD, printJson } from '../output.ts'
import { padded } from '../screen.ts'
import { type ServerOptions, serverFrom } from '../server.ts'

const WIDEST = 40

/** Asks the log of an endpoint. */
export async function queryPredictions(endpoint: string, sql: string, options: ServerOptions): Promise<number> {
  const { server } = serverFrom(options)
  const { columns, rows, cut } = await server.queryPredictions({ params: { endpoint }, body: { sql } })
  if (options.json) {
    printJson({ columns, rows, cut })
    return DONE
  }
  const cells = rows.map((row) => row.map((value) => (value === null ? '' : String(value).slice(0, WIDEST))))
  const widths = columns.map((name, c) => Math.max(name.length, ...cells.map((row) => row[c]!.length)))
  const line = (row: readonly string[]) =>
    row
      .map((cell, c) => padded(cell, widths[c]!))
      .join('  ')
      .trimEnd()
  console.log(pc.bold(line(columns)))
  for (const row of cells) console.log(line(row))
  if (cut) console.log(pc.dim('… and more: add a LIMIT, or group them'))
  return DONE
}

/** Brings the log of an endpoint. */
export async function exportPredictions(endpoint: string, options: ServerOptions & { out?: string }): Promise<number> {
  const { url } = serverFrom(options)
  const { out = `${endpoint}-predictions.parquet` } = options
  const response = await download(`${url}/api/endpoints/${encodeURIComponent(endpoint)}/predictions/export`)
  await writeAside(Readable.fromWeb(response.body as ReadableStream), out)
  if (options.json) printJson({ endpoint, path: out })
  else console.log(`${GOOD} the log of ${endpoint} is in ${out}`)
  return DONE
}
