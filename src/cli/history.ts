import pc from 'picocolors'
import type { ServicePeriod } from '#registry/contract'
import { ANSWER_IS_NO, DONE } from './exit.ts'
import { printJson } from './output.ts'
import { padded } from './screen.ts'
import { type ServerOptions, serverFrom } from './server.ts'
import { dated, elapsed } from './wording.ts'

const LONGEST = 500

/** Which version of a model was in production when; with `at`, which it was then. */
export async function history(model: string, options: ServerOptions & { at?: string }): Promise<number> {
  const { server } = serverFrom(options)
  const { periods } = await server.productionHistory({
    params: { model },
    query: { limit: LONGEST, ...(options.at !== undefined && { at: options.at }) },
  })
  if (options.json) printJson(periods)
  else if (periods.length === 0)
    console.log(`Nothing of ${model} was in production${options.at === undefined ? ' so far' : ` on ${options.at}`}.`)
  else for (const period of periods) console.log(lineOf(period))
  return periods.length > 0 ? DONE : ANSWER_IS_NO
}

function lineOf({ version, as, since, until, by, why }: ServicePeriod): string {
  const time = `${dated(since)} – ${until === null ? 'now' : `${dated(until)} (${elapsed(until - since)})`}`
  return `${pc.bold(padded(`v${version}`, 6))} ${padded(time, 52)} ${as === 'production' ? 'stage, ' : ''}${why} ${pc.dim(by)}`
}
