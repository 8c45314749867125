import type { Server } from '../server.ts'

/** A retraining takes seconds to a minute; a hundred times that is no longer work, but a fault. */
const PATIENCE_MS = 20 * 60_000
const ASK_SECONDS = 60

export class NeverSettled extends Error {
  constructor(project: string) {
    super(`the loop of ${project} did not come to rest within ${PATIENCE_MS / 60_000} minutes`)
    this.name = 'NeverSettled'
  }
}

/**
 * The world waits while the loop works: resolves when nothing moves by itself any more, and every version that waited
 * for a signature has had one.
 *
 * @param qa certifies what waits; its identity is its own, not that of whoever replays
 */
export async function settle(server: Server, qa: Server | undefined, project: string): Promise<void> {
  const until = Date.now() + PATIENCE_MS
  for (;;) {
    const { settled, needs } = await server.settled({ params: { project }, query: { timeout: ASK_SECONDS } })
    const waiting = needs.find((need) => need.kind === 'certify')
    if (settled && (!waiting || !qa)) return
    if (Date.now() > until) throw new NeverSettled(project)
    if (settled && waiting && qa) {
      await qa.certifyVersion({
        params: { model: waiting.model!, version: waiting.version! },
        body: { automatic: true, note: AUTOMATIC_NOTE },
      })
    }
  }
}

const AUTOMATIC_NOTE = 'Signed by the replay itself so that it can go on; in real use a person reads the report first.'

/** A service account that may certify, and the server as it sees it. */
export async function createQa(server: Server, connectWith: (token: string) => Server): Promise<Server> {
  const { secret } = await server.createToken({ body: { name: 'qa', roles: ['qa'] } })
  return connectWith(secret)
}
