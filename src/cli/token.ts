import { access, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import pc from 'picocolors'
import { openAccess } from '#access'
import { Role, type Token } from '#access/contract'
import { HomeInUse, openHome } from '#platform/home'
import { ClientError } from '#platform/http/contract'
import { openStorage } from '#platform/storage'
import { systemClock } from '#platform/time'
import { type Config, readConfig } from '../config.ts'
import { migrations } from '../migrations.ts'
import { WrongUse } from './errors.ts'
import { ANSWER_IS_NO, DONE } from './exit.ts'
import { GOOD, printJson } from './output.ts'
import { padded } from './screen.ts'
import { connect, type ServerOptions, serverFrom } from './server.ts'
import { moment } from './wording.ts'

type Flags = ServerOptions & Record<string, string | undefined | boolean | string[]>
type NewToken = Token & { secret: string }

/** A token for a service account: by the server that runs, or in the home folder when none does. */
export async function createToken(name: string, options: Flags & { role: string[] }): Promise<number> {
  const roles = options.role.map(roleNamed)
  const made = await onServerOrHome(options, {
    server: (server) => server.createToken({ body: { name, roles } }),
    home: (access) => access.createToken(name, roles),
  })
  if (options.json) printJson(made.result)
  else {
    const { secret }: NewToken = made.result
    console.log(`${GOOD} ${name} (${roles.join(', ')}) in ${made.where}`)
    console.log(secret)
    console.error(pc.dim('  This is the only time it is shown. Use it as ORRERY_TOKEN, or `authorization: Bearer …`.'))
  }
  return DONE
}

export async function listTokens(options: Flags): Promise<number> {
  const { result: tokens } = await onServerOrHome(options, {
    server: async (server) => (await server.listTokens()).tokens,
    home: (access) => access.tokens(),
  })
  if (options.json) {
    printJson({ tokens })
    return DONE
  }
  if (tokens.length === 0) console.log('No token yet: `orrery token create <name> --role <role>` makes one.')
  for (const { id, name, roles, createdAt, revokedAt } of tokens)
    console.log(
      `${id}  ${padded(name, 16)} ${padded(roles.join(', '), 16)} since ${moment(createdAt)}${
        revokedAt === null ? '' : pc.red(`  revoked ${moment(revokedAt)}`)
      }`,
    )
  return DONE
}

export async function revokeToken(id: string, options: Flags): Promise<number> {
  const { result: revoked } = await onServerOrHome(options, {
    server: async (server) => (await server.revokeToken({ params: { id } })).revoked,
    home: (access) => access.revokeToken(id),
  })
  if (options.json) printJson({ revoked })
  else console.log(revoked ? `${GOOD} ${id} ends now` : `There is no token ${id} that is still good.`)
  return revoked ? DONE : ANSWER_IS_NO
}

function roleNamed(text: string): Role {
  const role = Role.safeParse(text)
  if (role.success) return role.data
  throw new WrongUse(`"${text}" is no role.`, `The roles are ${Role.options.join(', ')}.`)
}

/**
 * The first token is needed before a server may listen beyond loopback, so no server can make it. A server that is
 * named, or that holds the home folder, is asked; a home folder nobody holds is opened.
 */
async function onServerOrHome<T>(
  options: Flags,
  ways: {
    server: (server: ReturnType<typeof connect>) => Promise<T>
    home: (access: ReturnType<typeof openAccess>) => Promise<T>
  },
): Promise<{ where: string; result: T }> {
  const { home, database } = options as Record<string, string | undefined>
  const names = { server: options.server !== undefined || process.env.ORRERY_SERVER !== undefined }
  if (names.server || (home === undefined && process.env.ORRERY_HOME === undefined)) {
    const { url, server } = serverFrom(options)
    try {
      return { where: url, result: await ways.server(server) }
    } catch (error) {
      const silent = error instanceof ClientError && error.code === 'ORRERY_UNREACHABLE'
      if (names.server || !silent) throw error
    }
  }
  const config = readConfig({ home, database }, process.env)
  try {
    return { where: config.home, result: await onHome(config, ways.home) }
  } catch (error) {
    const url = error instanceof HomeInUse ? await serverOfHome(config.home) : undefined
    if (!url) throw error
    return { where: url, result: await ways.server(connect(url, process.env.ORRERY_TOKEN)) }
  }
}

async function onHome<T>(config: Config, work: (access: ReturnType<typeof openAccess>) => Promise<T>): Promise<T> {
  const home = await openHome(config.home)
  try {
    const storage = await openStorage({ url: config.database ?? home.database, durability: config.durability })
    try {
      await storage.migrate(migrations)
      return await work(openAccess({ storage, clock: systemClock, host: config.host }))
    } finally {
      await storage.close()
    }
  } finally {
    await home.release()
  }
}

/** Where the server that holds a home folder answers. */
export async function serverOfHome(home: string): Promise<string | undefined> {
  const file = join(home, 'server.json')
  const there = await access(file).then(
    () => true,
    () => false,
  )
  return there ? (JSON.parse(await readFile(file, 'utf8')) as { url: string }).url : undefined
}
