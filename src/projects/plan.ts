import { z } from 'zod'
import type { Drift } from './api.ts'
import type { ProjectSpec } from './spec/complete.ts'
import { ProjectFile } from './spec/project.ts'

/** One difference between what the server follows and what the file says, in the file's own words and units. */
export interface Change {
  readonly op: 'add' | 'change' | 'remove'
  /** Such as `deploy.price-up.strategy.canary`. */
  readonly path: string
  /** Absent for what is added. */
  readonly from: unknown
  /** Absent for what is removed. */
  readonly to: unknown
  /** Whether models in service are loaded anew for it; no request is lost either way. */
  readonly restarts: boolean
}

type Mapping = Readonly<Record<string, unknown>>

/** A new project is shown by the things it names, not as one line per block. */
const NOTHING: Mapping = {
  data: {},
  features: {},
  pipeline: {},
  gates: [],
  environments: {},
  deploy: {},
  batch: {},
  pictures: {},
  monitor: {},
  when: [],
}

/** What `after` changes on a server that follows `before`, in the order of the file. Equal specs change nothing. */
export function planChanges(before: ProjectSpec | undefined, after: ProjectSpec): Change[] {
  return differences('', before ? inFileWords(before) : NOTHING, inFileWords(after))
}

function inFileWords(spec: ProjectSpec): Mapping {
  const written = z.safeEncode(ProjectFile, spec)
  // What an earlier version of the schema stored may not fit this one: then its plain numbers are compared as they are.
  return (written.success ? written.data : spec) as unknown as Mapping
}

function differences(path: string, before: unknown, after: unknown): Change[] {
  if (isEqual(before, after)) return []
  if (isMapping(before) && isMapping(after)) return differencesInMapping(path, before, after)
  if (Array.isArray(before) && Array.isArray(after) && isListOfThings(path))
    return differencesInList(path, before, after)
  return [change(path, before, after)]
}

function differencesInMapping(path: string, before: Mapping, after: Mapping): Change[] {
  const keys = [...Object.keys(after), ...Object.keys(before).filter((key) => !Object.hasOwn(after, key))]
  return keys.flatMap((key) => differences(path ? `${path}.${key}` : key, own(before, key), own(after, key)))
}

/** Each item of these stands for itself; other lists, such as the steps of a canary, only mean something as a whole. */
function isListOfThings(path: string): boolean {
  return path === 'gates' || path === 'when' || path.endsWith('.expect') || path.endsWith('.checks')
}

function differencesInList(path: string, before: readonly unknown[], after: readonly unknown[]): Change[] {
  const left = [...before]
  const added = after.filter((item) => {
    const same = left.findIndex((other) => isEqual(other, item))
    if (same >= 0) left.splice(same, 1)
    return same < 0
  })
  const changes = [
    ...left.map((item) => change(path, item, undefined)),
    ...added.map((item) => change(path, undefined, item)),
  ]
  // The same items in another order: gates and checks run in order, so it is worth a line.
  return changes.length > 0 ? changes : [change(path, before, after)]
}

function change(path: string, from: unknown, to: unknown): Change {
  const op = from === undefined ? 'add' : to === undefined ? 'remove' : 'change'
  return { op, path, from, to, restarts: RESTARTING.test(path) && op !== 'add' }
}

/** Where a model runs, and which versions answer together, is decided when its runtime starts. */
const RESTARTING = /^deploy\.[^.]+(\.environment|\.answer.*)?$/

export interface PlanHeading {
  readonly project: string
  /** Where it would be applied. */
  readonly server: string
  readonly code: { readonly commit: string | null; readonly dirty: boolean }
}

/** Colours text for a terminal; plain when absent. */
export interface PlanColours {
  readonly add: (text: string) => string
  readonly change: (text: string) => string
  readonly remove: (text: string) => string
  readonly faint: (text: string) => string
}

const plain = (text: string) => text
const PLAIN: PlanColours = { add: plain, change: plain, remove: plain, faint: plain }
const SIGNS = { add: '+', change: '~', remove: '-' } as const

/** The plan as `orrery plan` prints it: a heading, one line per change, what it amounts to. */
export function renderPlan(
  heading: PlanHeading,
  changes: readonly Change[],
  colours: PlanColours = PLAIN,
  drift: readonly Drift[] = [],
): string {
  return renderChanges(heading, changes, colours) + renderDrift(drift, colours)
}

/** Where the server is not as the file says, one line each; empty where it is. */
export function renderDrift(drift: readonly Drift[], { change: changed, faint }: PlanColours = PLAIN): string {
  if (drift.length === 0) return ''
  const lines = drift.map(
    ({ endpoint, what, file, server, why }) =>
      `  ${changed('≠')} ${endpoint} ${faint(what)}  file: ${file} · server: ${server} ${faint(`(${why})`)}`,
  )
  return `The server is not as this file says:\n${lines.join('\n')}\n`
}

function renderChanges(heading: PlanHeading, changes: readonly Change[], colours: PlanColours): string {
  const { project, server, code } = heading
  const commit = code.commit
    ? `${code.commit.slice(0, 7)} (${code.dirty ? 'with uncommitted changes' : 'clean'})`
    : 'not in git'
  const title = `${project} ${colours.faint('·')} ${commit} → ${server}`
  if (changes.length === 0) return `${title}\nNothing to change: the server follows this file.\n`
  const width = Math.min(40, Math.max(...changes.map(({ path }) => path.length)))
  const lines = changes.map(
    (one) => `  ${colours[one.op](SIGNS[one.op])} ${one.path.padEnd(width)}  ${describeChange(one, colours)}`,
  )
  return `${[title, ...lines, sumUp(changes)].join('\n')}\n`
}

function describeChange({ op, from, to }: Change, { faint }: PlanColours): string {
  if (op === 'add') return showValue(to)
  if (op === 'remove') return faint(showValue(from))
  return `${showValue(from)} → ${showValue(to)}`
}

function sumUp(changes: readonly Change[]): string {
  const restarting = [...new Set(changes.filter((one) => one.restarts).map((one) => one.path.split('.')[1]!))]
  const count = changes.length === 1 ? '1 change' : `${changes.length} changes`
  const restart =
    restarting.length === 0
      ? 'nothing restarts'
      : `${restarting.join(', ')} restart${restarting.length === 1 ? 's' : ''}`
  return `${count}, ${restart}. \`orrery apply\` to make ${changes.length === 1 ? 'it' : 'them'}.`
}

/** One line of the file's words: `canary [10%, 50%, 100%], hold 2h`. */
function showValue(value: unknown): string {
  const text = wordsOf(value).replaceAll(/\s+/g, ' ')
  return text.length > 100 ? `${text.slice(0, 99)}…` : text
}

function wordsOf(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(wordsOf).join(', ')}]`
  if (!isMapping(value)) return String(value)
  const parts = Object.entries(value).filter(([, part]) => !isEmpty(part))
  return parts
    .map(([key, part]) => `${key.replaceAll('_', ' ')} ${isMapping(part) ? `(${wordsOf(part)})` : wordsOf(part)}`)
    .join(', ')
}

function isEmpty(value: unknown): boolean {
  return (Array.isArray(value) && value.length === 0) || (isMapping(value) && Object.keys(value).length === 0)
}

function isMapping(value: unknown): value is Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function own(mapping: Mapping, key: string): unknown {
  return Object.hasOwn(mapping, key) ? mapping[key] : undefined
}

function isEqual(a: unknown, b: unknown): boolean {
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((item, i) => isEqual(item, b[i]))
  if (!isMapping(a) || !isMapping(b)) return a === b
  const keys = new Set([...Object.keys(a), ...Object.keys(b)])
  return [...keys].every((key) => isEqual(own(a, key), own(b, key)))
}
