import { JoinedVersion } from '#features/contract'
import { DONE } from '../exit.ts'
import { GOOD, printJson } from '../output.ts'
import { type ServerOptions, serverFrom } from '../server.ts'
import { count } from '../wording.ts'
import { finished } from './jobs.ts'

interface Options extends ServerOptions {
  views?: string[]
  time: string
  into: string
  fullNames?: boolean
}

/** Joins features to a data set as they were at the time of each row; the result is a version of another one. */
export async function joinFeatures(project: string, dataset: string, options: Options): Promise<number> {
  const { server } = serverFrom(options)
  const { time, into, views, fullNames = false } = options
  const { job } = await server.joinFeatures({
    body: { project, dataset, time, into, fullNames, ...(views && { views }) },
  })
  const made = JoinedVersion.parse((await finished(server, job)).result)
  if (options.json) printJson(made)
  else {
    const used = made.views.map(({ view, version }) => `${view}@${version}`).join(', ')
    console.log(`${GOOD} ${made.dataset}@${made.number} · ${count(made.rows)} rows with ${used}`)
    for (const [view, column] of Object.entries(made.lacking))
      console.log(`  ${view} is left out: ${dataset} has no column "${column}"`)
  }
  return DONE
}
