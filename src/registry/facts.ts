import type { Events } from '#platform/events'
import type { Tx } from '#platform/storage'

/** The past-tense facts of this room; each is written in the transaction of what it tells. */
export type Fact =
  | 'model_created'
  | 'model_renamed'
  | 'model_updated'
  | 'model_deleted'
  /** A client registered a model it had logged; no gate has seen it. */
  | 'version_logged'
  /** Gates have judged it: a candidate, or rejected. */
  | 'version_registered'
  | 'version_updated'
  | 'version_deleted'
  /** One of several signatures; others are missing. */
  | 'version_signed'
  | 'version_certified'
  | 'version_rejected'
  | 'stage_changed'
  | 'alias_set'
  | 'alias_deleted'
  | 'tag_set'
  | 'tag_deleted'

export interface Teller {
  ofModel(tx: Tx, fact: Fact, model: { name: string; project: string | null }, data?: Data): Promise<void>
  ofVersion(
    tx: Tx,
    fact: Fact,
    version: { model: string; version: number; project: string | null },
    data?: Data,
  ): Promise<void>
}

type Data = Record<string, unknown>

export function openTeller(events: Events): Teller {
  const publish = (tx: Tx, fact: Fact, project: string | null, subject: string, data: Data) =>
    events.publish(tx, { type: `registry.${fact}`, project: project ?? undefined, subject, data })
  return {
    ofModel: (tx, fact, { name, project }, data = {}) => publish(tx, fact, project, name, { model: name, ...data }),
    ofVersion: (tx, fact, { model, version, project }, data = {}) =>
      publish(tx, fact, project, `${model}@${version}`, { model, version, ...data }),
  }
}
