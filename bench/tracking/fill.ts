/**
 * Runs as a large team has them, written through the tracking room itself: over HTTP a million would take half an hour.
 *
 *     node bench/tracking/fill.ts <home> <runs>
 */
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { openBlobFolder } from '#platform/blobs'
import { openEvents } from '#platform/events'
import { openLog } from '#platform/log'
import { openStorage } from '#platform/storage'
import { systemClock } from '#platform/time'
import { openTracking } from '#tracking'
import { migrations } from '../../src/migrations.ts'
import { filledRun, SEARCHED } from './filled-run.ts'

const AT_ONCE = 500

const [home, runs] = [process.argv[2]!, Number(process.argv[3])]
const database = join(home, 'orrery.db')
const storage = await openStorage({ url: database, durability: 'process' })
await storage.migrate(migrations)
const events = openEvents({ storage, clock: systemClock, log: openLog({ level: 'silent' }) })
const blobs = await openBlobFolder(join(home, 'blobs'))
const tracking = openTracking({ storage, blobs, events, clock: systemClock })

// Random inserts into indexes of gigabytes take most of the time: they are built afterwards, as they are.
const file = new DatabaseSync(database)
const indexes = file
  .prepare(
    "select name, sql from sqlite_master where type = 'index' and sql is not null and tbl_name like 'tracking_%'",
  )
  .all() as { name: string; sql: string }[]
for (const { name } of indexes) file.exec(`drop index ${name}`)

for (let from = 0; from < runs; from += AT_ONCE) {
  await storage.write(async (tx) => {
    for (let i = from; i < Math.min(runs, from + AT_ONCE); i++)
      await tracking.recordRun(tx, {
        ...filledRun(i),
        experiment: SEARCHED,
        project: null,
        parent: null,
        artifacts: [],
      })
  })
  if (from % 50_000 === 0) console.error(`${from.toLocaleString('en')} of ${runs.toLocaleString('en')} runs`)
}
await storage.close()
for (const { name, sql } of indexes) {
  console.error(`index ${name}`)
  file.exec(sql)
}
file.close()
