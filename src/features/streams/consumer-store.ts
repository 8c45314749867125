import { decodeJson, encodeJson, type Storage, type Tx, tables } from '#platform/storage'
import type { StreamSource } from '#projects/contract'

/** A durable consumer that was made for a view, and stands in NATS until it is taken away. */
export interface MadeConsumer {
  readonly project: string
  readonly view: string
  readonly durable: string
  /** With the places of secrets, not with them. */
  readonly source: StreamSource
}

interface ConsumerTables {
  features_stream_consumers: { project: string; view: string; durable: string; source: string }
}

export async function insertConsumer(tx: Tx, { source, ...of }: MadeConsumer): Promise<void> {
  await tables<ConsumerTables>(tx)
    .insertInto('features_stream_consumers')
    .values({ ...of, source: encodeJson(source) })
    .onConflict((c) => c.columns(['project', 'view', 'durable', 'source']).doNothing())
    .execute()
}

export async function madeConsumers(storage: Storage): Promise<MadeConsumer[]> {
  const rows = await storage.reads<ConsumerTables>().selectFrom('features_stream_consumers').selectAll().execute()
  return rows.map(({ source, ...of }) => ({ ...of, source: decodeJson<StreamSource>(source) }))
}

export async function deleteConsumer(tx: Tx, { project, view, durable, source }: MadeConsumer): Promise<void> {
  await tables<ConsumerTables>(tx)
    .deleteFrom('features_stream_consumers')
    .where('project', '=', project)
    .where('view', '=', view)
    .where('durable', '=', durable)
    .where('source', '=', encodeJson(source))
    .execute()
}
