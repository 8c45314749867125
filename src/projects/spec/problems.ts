import type { z } from 'zod'
import { nearestName, suggestion } from '../nearest.ts'
import type { Finding } from './finding.ts'
import { heard, quoted } from './wording.ts'

type JsonSchema = z.core.JSONSchema.BaseSchema
type Issue = z.core.$ZodIssue

/** A finding that is about the key at `path` rather than about its value. */
export interface SchemaFinding extends Finding {
  readonly atKey?: boolean
  /** The dotted path of the known key that an unknown one resembles. */
  readonly meant?: string
  readonly missing?: boolean
}

/** What zod found, in words: what is wrong and what to do. `schema` supplies the names and descriptions of keys. */
export function describeIssues(issues: readonly Issue[], schema: JsonSchema): SchemaFinding[] {
  const findings = issues.flatMap((issue) => describeIssue(issue, schema))
  // `lable` for `label` is one slip: the unknown key says it all, the missing one would say it twice.
  const meant = new Set(findings.map((finding) => finding.meant))
  return findings.filter((finding) => !(finding.missing && meant.has(finding.path.join('.'))))
}

function describeIssue(issue: Issue, schema: JsonSchema): SchemaFinding[] {
  const { path } = issue
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(path, key, schema))
  if (issue.code === 'invalid_key') {
    const { wrong, todo } = heard(issue.issues[0]?.message ?? 'this key cannot be used')
    return [{ path, wrong, todo: todo ?? 'Use another name.', atKey: true }]
  }
  const description = nodesAt(schema, path).find((node) => node.description)?.description
  const about = description ? `It is ${description}.` : undefined
  if (issue.code === 'invalid_type' && (issue.input === undefined || issue.input === null)) {
    const name = String(path.at(-1) ?? 'the file')
    if (issue.input === null)
      return [{ path, wrong: `"${name}" has no value`, todo: about ?? 'Give it a value, or remove it.' }]
    return [
      {
        path,
        wrong: `"${name}" is missing`,
        todo: `Add \`${name}:\`${description ? `, ${description}` : ''}.`,
        missing: true,
      },
    ]
  }
  const { wrong, todo } = heard(issue.message)
  if (todo) return [{ path, wrong, todo }]
  return [{ path, ...describeStandardIssue(issue), ...(issue.code === 'invalid_type' && about ? { todo: about } : {}) }]
}

function unknownKey(path: readonly PropertyKey[], key: string, schema: JsonSchema): SchemaFinding {
  const known = [...new Set(nodesAt(schema, path).flatMap((node) => Object.keys(node.properties ?? {})))]
  if (known.includes(key)) {
    const todo = 'It belongs to another form of this block: keep the keys of one form.'
    return { path: [...path, key], wrong: `${quoted(key)} does not go with the other keys here`, todo, atKey: true }
  }
  const near = nearestName(key, known)
  const todo = near ? `Did you mean "${near}"?` : `Known here: ${known.join(', ')}.`
  const meant = near ? { meant: [...path, near].join('.') } : {}
  return { path: [...path, key], wrong: `unknown key ${quoted(key)}`, todo, atKey: true, ...meant }
}

function describeStandardIssue(issue: Issue): { wrong: string; todo: string } {
  const input = quoted(issue.input)
  switch (issue.code) {
    case 'invalid_type':
      return {
        wrong: `${input} is not ${TYPE_NAMES[issue.expected] ?? issue.expected}`,
        todo: `Write ${TYPE_NAMES[issue.expected] ?? issue.expected}.`,
      }
    case 'invalid_value': {
      const values = issue.values.map(String)
      const choice = values.length === 1 ? `Write ${values[0]}.` : `Write one of ${values.join(', ')}.`
      return { wrong: `${input} cannot be used here`, todo: suggestion(String(issue.input), values) ?? choice }
    }
    case 'too_small':
      return issue.origin === 'array' || issue.origin === 'string'
        ? { wrong: 'this is empty', todo: `Give at least ${issue.minimum}.` }
        : {
            wrong: `${input} is too small`,
            todo: `Write ${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}.`,
          }
    case 'too_big':
      return issue.origin === 'array'
        ? { wrong: 'there are too many', todo: `Give at most ${issue.maximum}.` }
        : {
            wrong: `${input} is too large`,
            todo: `Write ${issue.inclusive === false ? 'less than' : 'at most'} ${issue.maximum}.`,
          }
    default:
      return { wrong: issue.message, todo: 'See the guide to the project file.' }
  }
}

const TYPE_NAMES: Record<string, string> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  tuple: 'a list',
  object: 'a mapping of keys to values',
  record: 'a mapping of names to values',
}

/** The schemas that may describe the value at `path`: several where a place takes several forms. */
function nodesAt(schema: JsonSchema, path: readonly PropertyKey[]): JsonSchema[] {
  let nodes = [schema]
  for (const key of path) nodes = nodes.flatMap(forms).flatMap((node) => childrenAt(node, key))
  return nodes.flatMap(forms)
}

function forms(node: JsonSchema): JsonSchema[] {
  return [node, ...((node.anyOf ?? []) as JsonSchema[]).flatMap(forms)]
}

function childrenAt(node: JsonSchema, key: PropertyKey): JsonSchema[] {
  const child = typeof key === 'number' ? node.items : (node.properties?.[String(key)] ?? node.additionalProperties)
  return typeof child === 'object' && !Array.isArray(child) ? [child as JsonSchema] : []
}
