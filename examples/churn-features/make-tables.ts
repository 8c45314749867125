import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const DAY = 86_400_000
const WEEKS = 30
const CUSTOMERS = 400

/**
 * Draws customers, their weekly usage and their calls to support, and writes the three tables of this project. Who uses
 * less than before and calls support more often is likelier to leave: what a model can only see through the features.
 *
 * @param until the tables end here, so that the online features of an example are fresh
 */
export async function makeTables(folder: string, { until, seed = 7 }: { until: number; seed?: number }): Promise<void> {
  const random = numbersFrom(seed)
  const start = Math.floor(until / DAY) * DAY - WEEKS * 7 * DAY
  const usage = ['customer_id,week_end,loaded_at,minutes_7d,data_gb_7d,plan']
  const calls = ['customer_id,called_at,minutes']
  const customers: { at: number; line: string }[] = []
  for (let c = 0; c < CUSTOMERS; c++) {
    const id = `c${String(c).padStart(4, '0')}`
    const plan = ['basic', 'plus', 'max'][Math.floor(random() * 3)]!
    const usual = 60 + random() * 240
    let mood = 1
    for (let week = 1; week <= WEEKS; week++) {
      mood = Math.min(1.3, Math.max(0.1, mood + (random() - 0.52) * 0.35))
      const end = start + week * 7 * DAY - DAY
      const minutes = Math.round(usual * mood * (0.9 + 0.2 * random()))
      const late = random() < 0.1 ? 4 * DAY : 0
      usage.push(`${id},${iso(end)},${iso(end + late)},${minutes},${(minutes / 40 + random()).toFixed(2)},${plan}`)
      const trouble = random() < 0.08 + 0.25 * Math.max(0, 0.8 - mood)
      if (trouble) calls.push(`${id},${iso(end + random() * 6 * DAY)},${(3 + 20 * random()).toFixed(1)}`)
      if (week % 5 !== c % 5 || week < 4) continue
      const leaving = 1 / (1 + Math.exp(-(1.5 - 4 * mood + (trouble ? 1.5 : 0) + (plan === 'basic' ? 0.5 : 0))))
      const at = end + (1 + random() * 5) * DAY
      const contract = random() < 0.5 ? 'monthly' : 'yearly'
      customers.push({ at, line: `${id},${iso(at)},${contract},${random() < leaving ? 'yes' : 'no'}` })
    }
  }
  customers.sort((a, b) => a.at - b.at)
  await mkdir(folder, { recursive: true })
  const write = (name: string, lines: string[]) => writeFile(join(folder, name), `${lines.join('\n')}\n`)
  await write('usage.csv', usage)
  await write('calls.csv', calls)
  await write('customers.csv', ['customer_id,asked_at,contract,churned', ...customers.map(({ line }) => line)])
}

const iso = (time: number) => new Date(Math.round(time)).toISOString()

/** Numbers in [0, 1) that are the same every time: mulberry32. */
function numbersFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  await makeTables(fileURLToPath(new URL('.', import.meta.url)), { until: Date.now() })
