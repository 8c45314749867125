import { INPUT_DATASET, INPUT_MODEL, OUTPUT_MODEL } from '#protocols/contract'

/** Markdown about a run or an experiment, where the client keeps it. */
export const NOTE = 'mlflow.note.content'

/** Set by a client or by the server, not by a person. */
export function isOfClient(key: string): boolean {
  return key.startsWith('mlflow.') || isLink(key)
}

/** What a run was given and what came out of it, which stands in panels of its own. */
export function isLink(key: string): boolean {
  return [INPUT_DATASET, INPUT_MODEL, OUTPUT_MODEL].some((prefix) => key.startsWith(prefix))
}

export interface Input {
  name: string
  digest: string
  context: string | null
  sourceType: string
  source: string
  /** Rows, columns and the like, as the client told of them. */
  profile: Record<string, unknown>
  columns: { name: string; type: string }[]
}

/** The datasets that a run was given. What cannot be read is left out: any client may have written it. */
export function inputsOf(tags: Readonly<Record<string, string>>): Input[] {
  return Object.entries(tags).flatMap(([key, value]) => {
    if (!key.startsWith(INPUT_DATASET)) return []
    const told = record(parsed(value))
    const dataset = record(told.dataset)
    const context = list(told.tags).find((tag) => record(tag).key === 'mlflow.data.context')
    return [
      {
        name: String(dataset.name ?? ''),
        digest: String(dataset.digest ?? ''),
        context: context ? String(record(context).value) : null,
        sourceType: String(dataset.source_type ?? ''),
        source: String(dataset.source ?? ''),
        profile: record(parsed(dataset.profile)),
        columns: columnsOf(record(parsed(dataset.schema))),
      },
    ]
  })
}

/** `{"mlflow_colspec": [{"name": "age", "type": "double"}]}` */
function columnsOf(schema: Record<string, unknown>): Input['columns'] {
  return list(schema.mlflow_colspec).map((column) => {
    const { name, type } = record(column)
    return { name: String(name ?? ''), type: String(type ?? '') }
  })
}

/** The versions that a logged model was registered as, as the client notes them on it. */
export function registeredAs(tags: Readonly<Record<string, string>>): { name: string; version: number }[] {
  return list(parsed(tags['mlflow.modelVersions'])).flatMap((told) => {
    const { name, version } = record(told)
    return typeof name === 'string' && Number(version) >= 1 ? [{ name, version: Number(version) }] : []
  })
}

function parsed(text: unknown): unknown {
  try {
    return JSON.parse(String(text))
  } catch {
    return undefined
  }
}

const record = (value: unknown) =>
  (typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {}) as Record<string, unknown>
const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : [])
