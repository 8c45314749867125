import { join } from 'node:path'
import type { World } from '#worlds'
import { Interrupted } from '../interrupt.ts'
import { keepFeatures } from '../replay/keep-features.ts'
import { copyProject } from '../replay/project-copy.ts'
import { createQa } from '../replay/settle.ts'
import { openTraffic } from '../replay/traffic.ts'
import { connect, type Server } from '../server.ts'
import { type ServerProcess, startServerProcess } from '../server-process.ts'
import { count, elapsed } from '../wording.ts'
import { tellBirth } from './birth.ts'
import { tellLife } from './life.ts'
import type { Story } from './story.ts'
import { type Summary, summarize } from './summary.ts'

export interface LifeOptions {
  readonly world: World
  /** An empty folder. */
  readonly home: string
  readonly port?: number
  /** Live through at most so many rows. */
  readonly rows?: number | undefined
  /** Changes the project file: for benches that compare configurations. */
  readonly edit?: (file: string) => string
  /** Resolves with a signal that ends it before its time. */
  readonly interrupted?: Promise<string>
}

/** A life that has been lived; its server still runs. */
export interface Lived {
  readonly summary: Summary
  readonly url: string
  readonly server: Server
  readonly project: string
}

/**
 * A whole life on a real server: the world's history becomes a version in production, its live rows become traffic, one
 * request each, and the loop keeps in step. The server ends when `use` has.
 */
export async function liveThrough<T>(
  story: Story,
  options: LifeOptions,
  use: (lived: Lived) => Promise<T>,
): Promise<T> {
  const began = Date.now()
  const { home, port = 0 } = options
  const process = await startServerProcess({ home, port })
  const cut = options.interrupted?.then((signal) => Promise.reject(new Interrupted(signal)))
  try {
    const lived = await Promise.race([live(story, options, process, began), process.lost, ...(cut ? [cut] : [])])
    cut?.catch(() => undefined)
    return await use(lived)
  } finally {
    await process.stop()
  }
}

async function live(story: Story, options: LifeOptions, process: ServerProcess, began: number): Promise<Lived> {
  const { world, home, rows = Number.POSITIVE_INFINITY } = options
  const { url } = process
  const server = connect(url)
  story.tell({
    event: 'started',
    text: `server ready on ${url} after ${elapsed(process.startedInMs)}, home ${home}`,
    data: { url, home, startedInMs: Math.round(process.startedInMs), world: world.name, simulated: world.simulated },
  })
  const project = await copyProject(world, join(home, 'project'), options.edit)
  const name = project.spec.project
  const { changes } = await server.applyProject({ body: project.written })
  story.tell({ event: 'applied', text: `${name} applied from ${world.project}`, data: { changes: changes.length } })
  for (const { view, version, entities } of await keepFeatures(server, name))
    story.tell({
      event: 'features_kept',
      text: `feature view ${view}@${version}: ${count(entities)} entities kept online`,
      data: { view, version, entities },
    })
  const qa = await createQa(server, (token) => connect(url, token))
  await tellBirth(story, { server, qa, world, project })

  const endpoint = Object.keys(project.spec.deploy)[0]!
  const traffic = openTraffic({ url, endpoint, world })
  try {
    const until = Math.min(world.rows.length, world.history + rows)
    await tellLife(story, { url, server, qa, world, project, traffic, until })
    story.working('adding up')
    return {
      summary: await summarize(server, { world, project: name, endpoint, traffic, began }),
      url,
      server,
      project: name,
    }
  } finally {
    await traffic.close()
  }
}
