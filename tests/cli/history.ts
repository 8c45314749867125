import { cp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { telecomWorld, writeCsv } from '#worlds'

/** The churn example in a folder of its own, with a small history of the simulated telecom. @returns its project file */
export async function writeHistory(example: string, folder: string): Promise<string> {
  const world = telecomWorld({ seed: 7, historyRows: 1_500, liveRows: 100 })
  await cp(example, folder, { recursive: true })
  const csv = [...writeCsv(world.columns, world.rows.slice(0, world.history))].join('')
  await writeFile(join(folder, world.table), csv)
  return join(folder, 'orrery.yaml')
}
