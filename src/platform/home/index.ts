import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { HomeInUse, HomeNotWritable } from './errors.ts'

export { HomeInUse, HomeNotWritable } from './errors.ts'

/** The folder that holds all state, held by one server at a time. */
export interface Home {
  readonly folder: string
  readonly database: string
  readonly blobs: string
  /** Where `orrery data` writes down the versions it makes, with a server running or not. */
  readonly dataLedger: string
  /** The newest predictions, on their way into the database. */
  readonly predictions: string
  /** For work under way; emptied at every start. */
  readonly work: string
  /** Tells other processes on this machine where this server answers. */
  announce(url: string): Promise<void>
  release(): Promise<void>
}

/** Opens and locks the folder; throws `HomeInUse` or `HomeNotWritable`. */
export async function openHome(folder: string): Promise<Home> {
  const work = join(folder, 'work')
  const address = join(folder, 'server.json')
  try {
    await mkdir(folder, { recursive: true })
    // Written and removed: a full disk lets folders be made, but holds no byte more.
    const probe = join(folder, `.probe-${process.pid}`)
    await writeFile(probe, Buffer.alloc(64 * 1024), { flush: true })
    await rm(probe)
  } catch (error) {
    throw new HomeNotWritable(folder, await reasonOf(folder, error))
  }
  const lock = await holdLock(folder, address)
  await rm(work, { recursive: true, force: true })
  await mkdir(work, { recursive: true })
  return {
    folder,
    database: join(folder, 'orrery.db'),
    blobs: join(folder, 'blobs'),
    dataLedger: join(folder, 'data', 'versions.jsonl'),
    predictions: join(folder, 'predictions'),
    work,
    announce: (url) => writeFile(address, `${JSON.stringify({ url, pid: process.pid })}\n`),
    release: async () => {
      await rm(address, { force: true })
      lock.close()
    },
  }
}

/** Making a folder with those above it says ENOENT where the file system is read-only; making it alone says EROFS. */
async function reasonOf(folder: string, error: unknown): Promise<string> {
  const { code, syscall } = error as NodeJS.ErrnoException
  if (code !== 'ENOENT' || syscall !== 'mkdir') return code ?? String(error)
  return mkdir(folder).then(
    () => code,
    (alone: NodeJS.ErrnoException) => alone.code ?? code,
  )
}

/**
 * A lock of the operating system's, through an SQLite file of its own: it is gone with the process, `kill -9` included,
 * where a file with a process id would have to be believed.
 */
async function holdLock(folder: string, address: string): Promise<DatabaseSync> {
  try {
    const lock = new DatabaseSync(join(folder, 'server.lock'), { timeout: 0 })
    lock.exec('pragma locking_mode = exclusive; begin exclusive')
    return lock
  } catch (error) {
    if (/locked|busy/i.test(String(error))) throw new HomeInUse(folder, await addressOf(address))
    throw new HomeNotWritable(folder, String((error as Error).message))
  }
}

async function addressOf(file: string): Promise<string> {
  try {
    const { url, pid } = JSON.parse(await readFile(file, 'utf8'))
    return `, at ${url} (process ${pid})`
  } catch {
    return ''
  }
}
