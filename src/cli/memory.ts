import pc from 'picocolors'
import type { ModelInMemory } from '#serving/contract'
import { DONE } from './exit.ts'
import { printJson } from './output.ts'
import { padded } from './screen.ts'
import { type ServerOptions, serverFrom } from './server.ts'
import { bytes, count, percent } from './wording.ts'

/** Which models are in memory, the largest first. */
export async function memory(options: ServerOptions): Promise<number> {
  const { server } = serverFrom(options)
  const found = await server.modelsInMemory({})
  if (options.json) {
    printJson(found)
    return DONE
  }
  const { budgetBytes, usedBytes, serverBytes, models } = found
  console.log(
    `models take ${pc.bold(bytes(usedBytes))} of ${bytes(budgetBytes)} (${percent(usedBytes / budgetBytes)}); the server itself ${bytes(serverBytes)}`,
  )
  const sorted = models.toSorted((a, b) => b.bytes - a.bytes || (a.name < b.name ? -1 : 1))
  const width = Math.max(0, ...sorted.map(({ name }) => name.length))
  for (const one of sorted) console.log(`  ${padded(one.name, width)}  ${words(one)}`)
  return DONE
}

function words({
  loaded,
  placement,
  bytes: taken,
  microseconds,
  loads,
  evictions,
  problem,
  endpoints,
}: ModelInMemory): string {
  return [
    padded(loaded ? bytes(taken) : pc.dim('out'), 8),
    padded(placement === 'inline' ? 'beside HTTP' : 'own process', 11),
    padded(microseconds === null ? '' : `${count(microseconds)} µs a row`, 14),
    endpoints.length > 0 ? endpoints.join(', ') : pc.dim('no endpoint'),
    ...(evictions > 0 ? [pc.dim(`loaded ${loads} times, left ${evictions}`)] : []),
    ...(problem === null ? [] : [pc.yellow(problem)]),
  ].join('  ')
}
