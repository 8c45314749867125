import { join } from 'node:path'
import { type Place, placeOf } from './dataset.ts'
import { type DataHome, repositoryOf } from './home.ts'

/** The datasets at these paths; of none, every one of the repository, or below the folder where there is no repository. */
export async function placesAsked(paths: readonly string[], cwd: string, home: DataHome): Promise<Place[]> {
  if (paths.length > 0) return paths.map((path) => placeOf(path, cwd, home))
  const { pointersIn } = await import('./diff.ts')
  const repository = repositoryOf(cwd)
  const root = repository ?? cwd
  return (await pointersIn(root, repository)).map((file) => placeOf(join(root, file), cwd, home))
}
