/**
 * The join in a process of its own; tells the CPU it took. Arguments: folder, target, and the folder where
 * views are kept in order from one join to the next.
 */
import { joinTable } from '#features'
import { tablesIn, viewInputs } from './tables.ts'

const [folder, target, ordered] = process.argv.slice(2)
const tables = tablesIn(folder!)
const [cpu, wall] = [process.cpuUsage(), performance.now()]
await joinTable({
  frame: { parquet: tables.entities, time: 'event_timestamp' },
  joined: { views: viewInputs(tables), ordered: { folder: ordered!, mostBytes: 4 * 2 ** 30, fewestRows: 0 } },
  folder: folder!,
  target: target!,
})
const { user, system } = process.cpuUsage(cpu)
const peakMb = Math.round(process.resourceUsage().maxRSS / 1024)
console.log(JSON.stringify({ cpu: (user + system) / 1e6, wall: (performance.now() - wall) / 1e3, peakMb }))
