/** The join in a process of its own; tells the CPU it took. Arguments: folder, target, a size as JSON. */
import { joinTable } from '#features'
import { makeTables, type Size, viewInputs } from './tables.ts'

const [folder, target, size] = process.argv.slice(2)
const tables = await makeTables(folder!, JSON.parse(size!) as Size)
const [cpu, wall] = [process.cpuUsage(), performance.now()]
await joinTable({
  frame: { parquet: tables.entities, time: 'event_timestamp' },
  joined: { views: viewInputs(tables) },
  folder: folder!,
  target: target!,
})
const { user, system } = process.cpuUsage(cpu)
const peakMb = Math.round(process.resourceUsage().maxRSS / 1024)
console.log(JSON.stringify({ cpu: (user + system) / 1e6, wall: (performance.now() - wall) / 1e3, peakMb }))
