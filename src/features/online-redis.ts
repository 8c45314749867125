import { createClient, defineScript } from '@redis/client'
import type { Storage } from '#platform/storage'
import { OnlineStoreUnreachable } from './errors.ts'
import { groups, type KeptRow, lastOfEach, NEVER, type OnlineRow, type OnlineStore } from './online-store.ts'

const CONNECT_MS = 5_000
const MOST_BETWEEN_TRIES_MS = 2_000

/** Keeps rows unless what is kept is of a later moment; a value starts with its event time and its time of creation. */
const PUT = `
local kept = {}
for i = 1, #ARGV, 4 do
  local old = redis.call('HGET', KEYS[1], ARGV[i])
  local later = true
  if old then
    local e, c = string.match(old, '^(%-?%d+) (%-?%d+) ')
    local ne, nc = tonumber(ARGV[i + 1]), tonumber(ARGV[i + 2])
    later = ne > tonumber(e) or (ne == tonumber(e) and nc >= tonumber(c))
  end
  if later then redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 3]) end
  kept[#kept + 1] = later and 1 or 0
end
return kept`

/** Removes a row if it is of this moment or an earlier one. */
const REMOVE = `
local old = redis.call('HGET', KEYS[1], ARGV[1])
if old and tonumber(string.match(old, '^(%-?%d+) ')) <= tonumber(ARGV[2]) then redis.call('HDEL', KEYS[1], ARGV[1]) end
return 0`

type Parser = { pushKey(key: string): void; push(...args: string[]): void }
const scriptOf = <Reply>(text: string) =>
  defineScript({
    SCRIPT: text,
    NUMBER_OF_KEYS: 1,
    parseCommand: (parser: Parser, key: string, args: string[]) => {
      parser.pushKey(key)
      parser.push(...args)
    },
    transformReply: (reply: unknown) => reply as Reply,
  })

/**
 * Rows in a Redis, one hash for each version of a view. What was acknowledged is as durable as that Redis is told to be:
 * with `appendfsync always` it survives a power cut.
 *
 * @param url `redis://` or `rediss://`; `?prefix=` tells the keys of several servers apart
 * @throws OnlineStoreUnreachable
 */
export async function openRedisStore(url: string, own: Storage): Promise<OnlineStore> {
  const address = new URL(url)
  const prefix = `${address.searchParams.get('prefix') ?? 'orrery'}:features:`
  address.search = ''
  const client = createClient({
    url: address.href,
    // A request is refused at once while there is no connection: who asks cannot wait for it to come back.
    disableOfflineQueue: true,
    scripts: { put: scriptOf<number[]>(PUT), remove: scriptOf<number>(REMOVE) },
    socket: {
      connectTimeout: CONNECT_MS,
      reconnectStrategy: (tries) => (opened ? Math.min(50 * 2 ** tries, MOST_BETWEEN_TRIES_MS) : false),
    },
  })
  let opened = false
  // Each request that meets it says so; without a listener it would end the process.
  client.on('error', () => {})
  const asked = <T>(answer: Promise<T>): Promise<T> =>
    answer.catch((error) => {
      throw new OnlineStoreUnreachable(address.host, error)
    })
  await asked(client.connect())
  opened = true

  const keyOf = (version: number) => `${prefix}${version}`
  const put = (version: number, rows: readonly OnlineRow[], writtenAt: number) =>
    asked(
      client.put(
        keyOf(version),
        rows.flatMap(({ entity, eventTime, created, cells }) => {
          const value = `${eventTime} ${created ?? NEVER} ${writtenAt} ${JSON.stringify(cells)}`
          return [entity, String(eventTime), String(created ?? NEVER), value]
        }),
      ),
    )

  return {
    apply: async (version, changes, writtenAt, also) => {
      for (const group of groups(changes))
        if (Array.isArray(group)) await put(version, [...lastOfEach(group).values()], writtenAt)
        else await asked(client.remove(keyOf(version), [group.entity, String(group.eventTime)]))
      if (also) await own.write(also)
    },
    push: async (version, row, writtenAt) => (await put(version, [row], writtenAt))[0] === 1,
    removeAll: async (version) => {
      await asked(client.unlink(keyOf(version)))
    },
    get: async (wanted) => {
      const byVersion = [...Map.groupBy(wanted, ({ version }) => version)]
      const found = await Promise.all(
        byVersion.map(async ([version, all]) => {
          const entities = all.map(({ entity }) => entity)
          const values = await asked(client.hmGet(keyOf(version), entities))
          return values.flatMap((value, i) => (value === null ? [] : [fromValue(version, entities[i]!, value)]))
        }),
      )
      return found.flat()
    },
    count: (version) => asked(client.hLen(keyOf(version))),
    isEmpty: async (version) => (await asked(client.exists(keyOf(version)))) === 0,
    versions: async () => {
      const found = new Set<number>()
      let cursor = '0'
      do {
        const page = await asked(client.scan(cursor, { MATCH: `${prefix}*`, COUNT: 500 }))
        for (const key of page.keys) found.add(Number(key.slice(prefix.length)))
        cursor = page.cursor
      } while (cursor !== '0')
      return [...found].filter(Number.isSafeInteger).sort((a, b) => a - b)
    },
    close: async () => {
      client.destroy()
    },
  }
}

function fromValue(version: number, entity: string, value: string): KeptRow {
  const [eventTime, created, writtenAt] = value.split(' ', 3).map(Number) as [number, number, number]
  // What stands behind the three numbers and their blanks may have blanks of its own.
  const cells = value.slice(value.indexOf('['))
  return {
    ...{ version, entity, eventTime, writtenAt },
    created: created === NEVER ? null : created,
    cells: JSON.parse(cells),
  }
}
