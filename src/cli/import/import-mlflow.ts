import { WrongUse } from '../errors.ts'
import { ANSWER_IS_NO, DONE } from '../exit.ts'
import { serverFrom, type ServerOptions } from '../server.ts'
import { importRegistry } from './import-registry.ts'
import { importTracking } from './importer.ts'
import { openMlflowSource } from './open-source.ts'
import { openOrreryDoor } from './orrery-door.ts'
import { openReport } from './report.ts'
import { openTally } from './tally.ts'

interface Options extends ServerOptions {
  artifacts?: string
  thorough?: boolean
}

/** Brings an existing MLflow over; with 1 where the counts at the end do not agree. */
export async function importMlflow(uri: string, options: Options): Promise<number> {
  const { url, server } = serverFrom(options)
  if (uri.replace(/\/$/, '') === url)
    throw new WrongUse(`${uri} is this Orrery itself.`, 'Name the MLflow to bring over.')
  const tally = openTally()
  const source = await openMlflowSource(uri, { artifacts: options.artifacts, report: tally.differ, env: process.env })
  const orrery = openOrreryDoor(url, server, process.env.ORRERY_TOKEN)
  const report = openReport({ source: source.name, url, tally, json: options.json === true })
  try {
    const needs = { source, orrery, tally, thorough: options.thorough === true, progress: report.progress }
    const { places, runsHere } = await importTracking(needs)
    await importRegistry(needs, runsHere)
    const agrees = tally.differences.length === 0
    const counts = Object.fromEntries(Object.entries(tally.counts).map(([kind, count]) => [kind, count.here]))
    await orrery.call((to) => to.finishImport({ body: { source: source.name, agrees, counts } }))
    report.end({ places, runsHere })
    return agrees ? DONE : ANSWER_IS_NO
  } finally {
    report.close()
    orrery.close()
    source.close()
  }
}
