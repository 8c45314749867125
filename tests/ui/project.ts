import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { deploymentRoutes } from '#deployments/contract'
import { loopRoutes } from '#loop/contract'
import { createClient } from '#platform/http/contract'
import { projectRoutes } from '#projects/contract'
import { registryRoutes } from '#registry/contract'
import { servingRoutes } from '#serving/contract'

/** A small project whose whole loop turns in seconds: lamps that fail when they run hot, until a new batch does not. */
export const PROJECT = 'lamps'
export const ENDPOINT = 'lamp-fails'

const HOUR = 3_600_000
const START = Date.UTC(2024, 0, 1)
const HISTORY = 1200
const LABEL_DELAY = 24

const PROJECT_FILE = `project: lamps
data:
  readings:
    source: readings.csv
    label: fails
    positive: "yes"
    time: at
    segments: [hall]
    sensitive: [hall]
    label_arrives_after: 1d
    split: { by: time, train: 70%, validation: 15%, test: 15% }
pipeline:
  train:
    search: { trials: 3, learners: [logistic, boosted_trees], half_life: [all] }
gates:
  - improvement.value >= -improvement.standard_error
  - parity.max_scaled_difference <= 0.0001
environments:
  staging: { checks: [{ requests: 20 }] }
  production: { certify: qa }
deploy:
  lamp-fails:
    environment: production
    strategy: { canary: [50%, 100%], hold: 6h }
monitor:
  every: 1d
  quality: { window: 5d }
  drift: { window: 5d }
`

export interface Reading {
  at: string
  heat: number
  hours: number
  hall: string
  fails: string
}

/** Hour by hour; the same numbers on every machine. From hour 1,500 on the lamps run hotter and fail for other reasons. */
export function readings(count: number): Reading[] {
  let state = 20240101
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
  return Array.from({ length: count }, (_, i) => {
    const changed = i >= 1500
    const heat = 20 + 30 * random() + (changed ? 15 : 0)
    const hours = 8000 * random()
    const strain = changed ? (hours - 4000) / 1500 : (heat - 38) / 5
    return {
      at: new Date(START + i * HOUR).toISOString().slice(0, 19),
      heat: Number(heat.toFixed(2)),
      hours: Math.round(hours),
      hall: ['north', 'south', 'east'][Math.floor(random() * 3)]!,
      fails: random() < 1 / (1 + Math.exp(-strain)) ? 'yes' : 'no',
    }
  })
}

/** Writes the history into `folder` and applies the project that reads it. */
export async function applyProject(url: string, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  const rows = readings(HISTORY)
  const columns = Object.keys(rows[0]!) as (keyof Reading)[]
  const table = [columns, ...rows.map((row) => columns.map((column) => row[column]))].map((cells) => cells.join(','))
  await writeFile(join(folder, 'readings.csv'), `${table.join('\n')}\n`)
  await createClient(projectRoutes, { baseUrl: url }).applyProject({
    body: { file: PROJECT_FILE, folder, canvas: 'Which lamps will fail within a day?', simulated: true },
  })
}

/** Serves `days` of readings in order through the real route; each label follows a day later. Returns the last ids. */
export async function serveDays(url: string, days: number): Promise<string[]> {
  const serving = createClient(servingRoutes, { baseUrl: url })
  const rows = readings(HISTORY + days * 24)
  const id = (row: number) => `lamp-${row}`
  for (let first = HISTORY; first < rows.length; first += 24) {
    const day = Array.from({ length: 24 }, (_, i) => first + i)
    await serving.predict({
      params: { endpoint: ENDPOINT },
      body: { records: day.map((row) => featuresOf(rows[row]!)), ids: day.map(id) },
    })
    const labelled = day.map((row) => row - LABEL_DELAY).filter((row) => row >= HISTORY)
    if (labelled.length > 0)
      await serving.feedback({ body: { labels: labelled.map((row) => ({ id: id(row), label: rows[row]!.fails })) } })
    await settle(url)
  }
  return Array.from({ length: 3 }, (_, i) => id(rows.length - 60 - i))
}

const featuresOf = ({ fails: _, ...features }: Reading) => ({ ...features })

/** Waits until the loop rests, signing for whatever asks to be signed. */
async function settle(url: string): Promise<void> {
  const loop = createClient(loopRoutes, { baseUrl: url })
  const registry = createClient(registryRoutes, { baseUrl: url })
  for (;;) {
    const { settled, needs } = await loop.settled({ params: { project: PROJECT }, query: { timeout: 60 } })
    const waiting = needs.find((need) => need.kind === 'certify')
    if (waiting?.model && waiting.version !== null)
      await registry.certifyVersion({
        params: { model: waiting.model, version: waiting.version },
        body: { note: 'by the test', automatic: true },
      })
    else if (settled) return
  }
}

export async function champion(url: string): Promise<number | null> {
  const { endpoints } = await createClient(deploymentRoutes, { baseUrl: url }).listEndpoints({})
  return endpoints.find((endpoint) => endpoint.name === ENDPOINT)?.champion ?? null
}
