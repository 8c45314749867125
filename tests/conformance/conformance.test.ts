import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { HAS_PYTHON, originalPython } from '../support/python.ts'
import { type RunningServer, startServer } from '../support/server.ts'
import { compare } from './compare.ts'
import type { Conversation } from './conversation.ts'
import { artifacts } from './conversations/artifacts.ts'
import { experimentSearch, experiments, malformed } from './conversations/experiments.ts'
import { loggedModels } from './conversations/logged-models.ts'
import { batches, history, runs, values } from './conversations/runs.ts'
import { datasets, runSearch } from './conversations/search.ts'
import { server } from './conversations/server.ts'
import { DELIBERATE } from './deliberate.ts'
import { type Original, startOriginal } from './original.ts'

/*
 * The same requests to a real MLflow server and to a real Orrery server: status, error code, shape and values have to
 * agree. Ids, moments and the texts of messages are left out.
 */

const CONVERSATIONS: Record<string, Conversation> = {
  ...{ experiments, malformed, experimentSearch, runs, values, batches, history },
  ...{ datasets, runSearch, artifacts, loggedModels, server },
}
const INSTALLS = 15 * 60_000
const PATIENCE = 5 * 60_000

describe.skipIf(!HAS_PYTHON)('MLflow’s tracking server and ours (needs python3, 3.11 or later)', () => {
  let original: Original
  let orrery: RunningServer
  beforeAll(async () => {
    const { env } = await originalPython()
    const started = await Promise.allSettled([startOriginal(env), startServer()])
    if (started[0].status === 'fulfilled') original = started[0].value
    if (started[1].status === 'fulfilled') orrery = started[1].value
    for (const one of started) if (one.status === 'rejected') throw one.reason
  }, INSTALLS)
  afterAll(async () => {
    await Promise.all([original?.stop(), orrery?.stop()])
  })

  for (const [name, conversation] of Object.entries(CONVERSATIONS)) {
    it(
      `agree on ${name}, but for what differs on purpose`,
      async () => {
        const { exchanges, differences } = await compare(conversation, { original: original.url, orrery: orrery.url })
        expect(exchanges).toBeGreaterThan(10)
        const deliberate = new Set(DELIBERATE.flatMap((one) => one.exchanges[name] ?? []))
        expect(differences.filter(({ label }) => !deliberate.has(label))).toEqual([])
        const found = new Set(differences.map(({ label }) => label))
        expect(
          [...deliberate].filter((label) => !found.has(label)),
          'no difference any more',
        ).toEqual([])
      },
      PATIENCE,
    )
  }
})
