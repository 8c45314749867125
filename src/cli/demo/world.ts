import { join, resolve } from 'node:path'
import { readCells } from '#data'
import { recognizeWorld, telecomWorld, type World } from '#worlds'
import { WrongUse } from '../errors.ts'

/** The world to live through: the simulated telecom, or the one that a public table stands for. */
export async function findWorld(options: {
  /** A path or an https URL. */
  data: string | undefined
  sha256: string | undefined
  seed: number
  /** Where what is fetched is kept. */
  downloads: string
}): Promise<World> {
  const { data, sha256, seed, downloads } = options
  if (data === undefined) return telecomWorld({ seed })
  const { columns, rows } = await readCells({
    source: /^https?:\/\//i.test(data) ? data : resolve(data),
    sha256,
    folder: process.cwd(),
    downloads: join(downloads),
  })
  const world = recognizeWorld(columns, rows)
  if (!world)
    throw new WrongUse(
      `${data} is no table the demo knows (its columns are ${columns.slice(0, 6).join(', ')}${columns.length > 6 ? ', …' : ''}).`,
      'It lives through Elec2, Telco churn and bike sharing; for a table of your own write an orrery.yaml (see examples/) and `orrery apply` it.',
    )
  if (world.history === 0 || world.history === world.rows.length)
    throw new WrongUse(`${data} has too few rows to be past and future.`, 'Use the whole table, as it is published.')
  return world
}
