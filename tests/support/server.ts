import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ServerProcess, startServerProcess } from '../../src/cli/server-process.ts'

/** A real server process. Stopping it removes its home folder, if that was made for it. */
export type RunningServer = ServerProcess

/** Starts `orrery up` on a free port and waits for its own word that it is ready. */
export async function startServer(
  options: { home?: string; port?: number; env?: Record<string, string>; args?: readonly string[] } = {},
): Promise<RunningServer> {
  const made = options.home === undefined ? await mkdtemp(join(tmpdir(), 'orrery-home-')) : undefined
  const removeMade = async () => made && rm(made, { recursive: true, force: true })
  const server = await startServerProcess({ ...options, home: options.home ?? made! }).catch(async (error) => {
    await removeMade()
    throw error
  })
  return {
    ...server,
    stop: async () => {
      const code = await server.stop()
      await removeMade()
      return code
    },
  }
}
