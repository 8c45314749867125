/** Facts of the registry in the words of MLflow's webhooks. Pure. */
import type { StoredEvent } from '#platform/events'
import type { Language } from '#webhooks'

/** What each entity can be told to have gone through. */
export const HOOK_EVENTS = {
  registered_model: ['created'],
  model_version: ['created'],
  model_version_tag: ['set', 'deleted'],
  model_version_alias: ['created', 'deleted'],
  prompt: ['created'],
  prompt_version: ['created'],
  prompt_tag: ['set', 'deleted'],
  prompt_version_tag: ['set', 'deleted'],
  prompt_alias: ['created', 'deleted'],
  budget_policy: ['exceeded'],
} as const

type Payload = Record<string, unknown>

const PROMPT = 'mlflow.prompt.is_prompt'

export const webhookLanguage: Language = {
  facts: [
    'registry.model_created',
    'registry.version_logged',
    'registry.version_registered',
    'registry.tag_set',
    'registry.tag_deleted',
    'registry.alias_set',
    'registry.alias_deleted',
  ],
  events: Object.entries(HOOK_EVENTS).flatMap(([entity, actions]) => actions.map((action) => `${entity}.${action}`)),
  messagesOf: (fact) => {
    const told = wordsFor(fact)
    return told ? [{ event: told.event, body: bodyOf(told.event, fact.at, told.payload) }] : []
  },
}

export function bodyOf(event: string, at: number, data: Payload): string {
  const [entity, action] = event.split('.')
  return JSON.stringify({ entity, action, timestamp: new Date(at).toISOString(), data })
}

function wordsFor({ type, data }: StoredEvent): { event: string; payload: Payload } | undefined {
  const name = data.model
  const version = String(data.version)
  const isPrompt = (data.tags as Record<string, string> | undefined)?.[PROMPT] === 'true'
  const description = data.description || null
  switch (type) {
    case 'registry.model_created': {
      const payload = { name, tags: withoutPrompt(data.tags), description }
      return { event: isPrompt ? 'prompt.created' : 'registered_model.created', payload }
    }
    case 'registry.version_logged': {
      const tags = withoutPrompt(data.tags)
      if (isPrompt) {
        const { 'mlflow.prompt.text': template = null, ...others } = tags
        return { event: 'prompt_version.created', payload: { name, version, template, tags: others, description } }
      }
      const payload = { name, version, source: data.source, run_id: data.run ?? null, tags, description }
      return { event: 'model_version.created', payload }
    }
    case 'registry.version_registered':
      // A package that was attached makes no version: that was told when it was logged.
      if (data.pipelineRun === null) return undefined
      return {
        event: 'model_version.created',
        payload: { name, version, source: data.source, run_id: data.run, tags: {}, description: null },
      }
    case 'registry.tag_set':
      if (data.version === undefined) return undefined
      return { event: 'model_version_tag.set', payload: { name, version, key: data.key, value: data.value } }
    case 'registry.tag_deleted':
      if (data.version === undefined) return undefined
      return { event: 'model_version_tag.deleted', payload: { name, version, key: data.key } }
    case 'registry.alias_set':
      return { event: 'model_version_alias.created', payload: { name, alias: data.alias, version } }
    case 'registry.alias_deleted':
      return { event: 'model_version_alias.deleted', payload: { name, alias: data.alias } }
    default:
      return undefined
  }
}

function withoutPrompt(tags: unknown): Record<string, string> {
  const { [PROMPT]: _, _mlflow_prompt_type: __, ...others } = (tags ?? {}) as Record<string, string>
  return others
}
