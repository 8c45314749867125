import { MaterializedView } from '#features/contract'
import { finished } from '../features/jobs.ts'
import type { Server } from '../server.ts'

/**
 * Has the features of a project kept online before anybody asks for them: the server does so by itself, within a quarter of a
 * minute, which is longer than a world waits.
 */
export async function keepFeatures(server: Server, project: string): Promise<MaterializedView[]> {
  const { jobs } = await server.materializeFeatures({ body: { project } })
  return Promise.all(jobs.map(async ({ job }) => MaterializedView.parse((await finished(server, job)).result)))
}
