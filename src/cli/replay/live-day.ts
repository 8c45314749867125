import { rowMillis, type World } from '#worlds'
import type { Server } from '../server.ts'
import type { Day } from './days.ts'
import { settle } from './settle.ts'
import type { Traffic } from './traffic.ts'

const HOUR = 3_600_000

export interface Stage {
  readonly server: Server
  /** Certifies what waits; without it, what waits stays. */
  readonly qa: Server | undefined
  readonly world: World
  readonly project: string
  readonly endpoint: string
  readonly traffic: Traffic
}

/**
 * One day of the world: its rows are asked for, its labels told, and the world waits while the loop works.
 *
 * The day's first request is what ends the day before for the monitors, so the world waits behind it; and while a canary
 * is watched it waits every hour, so that each step of the roll-out meets the traffic it is about.
 */
export async function liveDay(stage: Stage, { asked, told }: Day): Promise<void> {
  const { server, qa, world, project, endpoint, traffic } = stage
  const rest = () => settle(server, qa, project)
  let left = asked
  if (left.length > 0) {
    await traffic.ask(left.slice(0, 1))
    await rest()
    left = left.slice(1)
  }
  while (left.length > 0 && (await server.getEndpoint({ params: { endpoint } })).traffic.canary !== null) {
    const rows = firstHour(world, left)
    await traffic.ask(rows)
    await rest()
    left = left.slice(rows.length)
  }
  await traffic.ask(left)
  await traffic.tell(told)
  await rest()
}

/** The rows that happen in the same hour as the first of them. */
function firstHour(world: World, rows: readonly number[]): readonly number[] {
  const hourOf = (row: number) => Math.floor(rowMillis(world, world.rows[row]!) / HOUR)
  const hour = hourOf(rows[0]!)
  const end = rows.findIndex((row) => hourOf(row) !== hour)
  return end < 0 ? rows : rows.slice(0, end)
}
