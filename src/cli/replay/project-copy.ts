import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createWriteStream } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type World, writeCsv } from '#worlds'
import { type ProjectFolder, readProjectFolder } from '../project-folder.ts'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))

/**
 * A world's example project in a folder of its own, with the world's history as its table.
 *
 * @param edit changes the project file: for benches that compare configurations
 */
export async function copyProject(
  world: World,
  folder: string,
  edit: (file: string) => string = (file) => file,
): Promise<ProjectFolder> {
  const example = join(ROOT, world.project)
  await mkdir(folder, { recursive: true })
  for (const entry of await readdir(example, { withFileTypes: true }))
    if (entry.isFile() && entry.name !== world.table)
      await copyFile(join(example, entry.name), join(folder, entry.name))
  const file = join(folder, 'orrery.yaml')
  await writeFile(file, edit(await readFile(file, 'utf8')))
  const history = writeCsv(world.columns, world.rows.slice(0, world.history))
  await pipeline(Readable.from(history), createWriteStream(join(folder, world.table)))
  return readProjectFolder(file, world.simulated)
}
