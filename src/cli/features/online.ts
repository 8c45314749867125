import pc from 'picocolors'
import { cellFrom, MaterializedView, type ViewFreshness } from '#features/contract'
import { formatDuration } from '#platform/time'
import { WrongUse } from '../errors.ts'
import { ANSWER_IS_NO, DONE } from '../exit.ts'
import { GOOD, printJson } from '../output.ts'
import { padded } from '../screen.ts'
import { type ServerOptions, serverFrom } from '../server.ts'
import { count, elapsed } from '../wording.ts'
import { finished } from './jobs.ts'

interface Options extends ServerOptions {
  views?: string[]
}

/** Brings the online store to what the data says now, and waits for it. */
export async function materialize(project: string, options: Options): Promise<number> {
  const { server } = serverFrom(options)
  const { jobs } = await server.materializeFeatures({
    body: { project, ...(options.views && { views: options.views }) },
  })
  const made = await Promise.all(
    jobs.map(async ({ job }) => MaterializedView.parse((await finished(server, job)).result)),
  )
  if (options.json) printJson(made)
  for (const { view, version, changed, entities } of options.json ? [] : made)
    console.log(`${GOOD} ${padded(`${view}@${version}`, 28)} ${count(changed)} of ${count(entities)} entities changed`)
  return DONE
}

/** The features of one entity as they are now; with 1 where something is not there or too old. */
export async function online(project: string, keys: readonly string[], options: Options): Promise<number> {
  const { server } = serverFrom(options)
  const entity = Object.fromEntries(keys.map(keyFrom))
  const reply = await server.onlineFeatures({
    body: { project, entities: [entity], fullNames: true, ...(options.views && { views: options.views }) },
  })
  const { values, views } = reply.rows[0]!
  if (options.json) printJson(reply.rows[0])
  for (const [view, fresh] of options.json ? [] : Object.entries(views)) {
    console.log(`${pc.bold(`${view}@${reply.versions[view]}`)}  ${inWords(fresh)}`)
    for (const [name, value] of Object.entries(values))
      if (name.startsWith(`${view}__`)) console.log(`  ${padded(name.slice(view.length + 2), 26)} ${value ?? '–'}`)
  }
  return Object.values(views).every(({ status }) => status === 'present' || status === 'computed') ? DONE : ANSWER_IS_NO
}

function keyFrom(written: string): [string, number | string] {
  const at = written.indexOf('=')
  if (at > 0) return [written.slice(0, at), cellFrom(written.slice(at + 1))]
  throw new WrongUse(`${written} is no key.`, 'Write keys as customer_id=7.')
}

function inWords({ status, age }: ViewFreshness): string {
  if (status === 'request_lacks') return pc.yellow('not computed: name its values of the request, too')
  if (age === null) return status === 'computed' ? pc.dim('computed') : pc.yellow('not found')
  const since =
    age < 48 * 3_600_000 ? elapsed(Math.max(0, age)) : formatDuration(Math.floor(age / 86_400_000) * 86_400_000)
  if (status === 'computed') return pc.dim(`computed, from what is up to ${since} old`)
  return status === 'present' ? pc.dim(`${since} old`) : pc.yellow(`too old: ${since}`)
}
