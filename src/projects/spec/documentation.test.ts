import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { z } from 'zod'
import { compileCondition } from '../conditions/compile.ts'
import { FUNCTIONS, METHODS, TYPES, VARIABLES } from '../conditions/vocabulary.ts'
import { COLUMN_RULES, COLUMNS_RULES, FORMATS, type RuleSpec, TABLE_RULES } from './expectations.ts'
import { parseProject } from './parse.ts'
import { projectFileJsonSchema } from './project.ts'

type JsonSchema = z.core.JSONSchema.BaseSchema

const guide = readFileSync(new URL('../../../docs/guide/project-file.md', import.meta.url), 'utf8')
const guideTo = (subject: string) => readFileSync(new URL(`../../../docs/guide/${subject}.md`, import.meta.url), 'utf8')
const sources = guideTo('data-sources')
const preparationGuide = guideTo('preparation')
/** Where data comes from, and the keys of `prepare:`, `expect:` and `pictures:`, have guides of their own. */
const guides = guide + guideTo('data-quality') + sources + preparationGuide + guideTo('pictures')
const schema = projectFileJsonSchema()

/** One row per key, every form of a block merged: what the file may say, in one page. */
function keysOf(node: JsonSchema, path: string): { path: string; type: string; fallback: string; about: string }[] {
  const forms = [node, ...((node.anyOf ?? []) as JsonSchema[])]
  const rows = new Map<string, { path: string; type: string; fallback: string; about: string }>()
  const add = (key: string, child: JsonSchema) => {
    const below = path ? `${path}.${key}` : key
    const fallback = child.default === undefined || isEmpty(child.default) ? '' : `\`${JSON.stringify(child.default)}\``
    const own = key.startsWith('<')
      ? []
      : [{ path: below, type: typeOf(child), fallback, about: child.description ?? '' }]
    for (const row of [...own, ...keysOf(child, below)]) if (!rows.has(row.path)) rows.set(row.path, row)
  }
  for (const form of forms) {
    for (const [key, child] of Object.entries(form.properties ?? {})) add(key, child as JsonSchema)
    if (typeof form.additionalProperties === 'object') add('<name>', form.additionalProperties as JsonSchema)
    if (form.items && !Array.isArray(form.items)) {
      for (const row of keysOf(form.items as JsonSchema, `${path}[]`)) if (!rows.has(row.path)) rows.set(row.path, row)
    }
  }
  return [...rows.values()]
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length === 0
}

function typeOf(node: JsonSchema): string {
  if (node.enum) return node.enum.map(String).join(', ')
  if (node.const !== undefined) return String(node.const)
  const forms = (node.anyOf ?? []) as JsonSchema[]
  if (forms.length > 0) return [...new Set(forms.map(typeOf))].join(' or ')
  if (node.type === 'array')
    return node.prefixItems ? 'two numbers' : `list of ${typeOf((node.items ?? {}) as JsonSchema)}`
  if (node.type === 'object') return 'mapping'
  if (node.pattern?.includes('ms|s|m|h'))
    return node.pattern.includes('all')
      ? 'duration or all'
      : node.pattern.includes('%')
        ? 'share or duration'
        : 'duration'
  if (node.pattern?.endsWith('%$')) return 'percentage'
  if (node.pattern?.includes('KiB')) return 'size'
  if (Array.isArray(node.type)) return node.type.map((type) => typeOf({ type })).join(' or ')
  return (
    { string: 'text', number: 'number', integer: 'whole number', boolean: 'true or false' }[node.type as string] ??
    String(node.type)
  )
}

describe('the guide to the project file', () => {
  const blocksOf = (page: string) => [...page.matchAll(/```yaml\n(.*?)```/gs)].map(([, yaml]) => yaml!)
  const blocks = blocksOf(guide)

  it.each([...blocks, ...blocksOf(sources)].map((block, i) => [i, block]))('example %d is a valid file', (_, block) => {
    const before = block.startsWith('project:') ? '' : 'project: a\ndata: { m: { source: m.csv, label: y, time: t } }\n'
    expect(parseProject(`${before}${block}`).spec.project).toBeTruthy()
  })

  it('shows the defaults as they are', () => {
    const smallest = parseProject(
      'project: churn\ndata: { m: { source: m.csv, label: y, sensitive: [gender] } }\n',
    ).spec
    const blockOf = (name: string) => blocks.find((block) => block.startsWith(`${name}:`))!
    const written = (name: string) =>
      parseProject(
        `project: churn\ndata: { m: { source: m.csv, label: y } }\n${blockOf(name).replace('deploy.a', 'deploy.churn')}`,
      ).spec
    expect(written('gates').gates).toEqual(smallest.gates)
    expect(written('environments').environments).toEqual(smallest.environments)
    expect(written('monitor').monitor).toEqual(smallest.monitor)
    expect(written('when').when).toEqual(smallest.when)
    const { answer: _, ...deployed } = written('deploy').deploy.churn!
    expect(deployed).toEqual(smallest.deploy.churn)
    const { budget: __, ...search } = (written('pipeline').pipeline.train as { search: { budget?: number } }).search
    expect(search).toEqual((smallest.pipeline.train as { search: object }).search)
  })

  it('shows every key', () => {
    const keys = new Set(keysOf(schema, '').map(({ path }) => path.split('.').at(-1)!))
    expect([...keys].filter((key) => !new RegExp(`\\b${key}:`).test(guides))).toEqual([])
  })

  it('names everything a condition may refer to', () => {
    const names = [
      ...Object.values(VARIABLES).flatMap((variables) => Object.keys(variables)),
      ...Object.values(TYPES).flatMap((fields) => Object.keys(fields)),
      ...Object.keys(FUNCTIONS),
      ...Object.keys(METHODS),
    ]
    expect([...new Set(names)].filter((name) => !new RegExp(`[\`.]${name}[\`(]`).test(guide))).toEqual([])
  })

  it('gives examples of conditions that can be used', () => {
    const kinds = {
      gate: 'gate',
      roll_back_if: 'rollback',
      'monitor.quality.alert_if': 'quality',
      'when.if': 'trigger',
    } as const
    for (const [title, kind] of Object.entries(kinds)) {
      const section = guide.split(`### ${title}\n`)[1]!.split('\n#')[0]!
      const [, example] = /\n`([^\n]+)`\n*$/.exec(section)!
      expect(compileCondition(example!, kind)).toBeTruthy()
    }
  })
})

it.each([...preparationGuide.matchAll(/```yaml\n(.*?)```/gs)].map(([, yaml]) => yaml!))(
  'an example of the guide to preparation is a valid file',
  (yaml) => {
    expect(parseProject(yaml).spec.project).toBeTruthy()
  },
)

// Both files are written by `npx vitest run src/projects -u` and only compared in CI.
describe('the reference', () => {
  it('lists every key', async () => {
    const rows = keysOf(schema, '').map(
      ({ path, type, fallback, about }) => `| \`${path}\` | ${type} | ${fallback.replaceAll('|', '\\|')} | ${about} |`,
    )
    const page = [
      '# Keys of the project file',
      '',
      '| key | type | default | what it is |',
      '|---|---|---|---|',
      ...rows,
      '',
    ].join('\n')
    await expect(page).toMatchFileSnapshot('../../../docs/reference/project-file.md')
  })

  it('lists every expectation', async () => {
    const forms = {
      'About the values of one column (`column:`)': COLUMN_RULES,
      'About several columns together (`columns:`)': COLUMNS_RULES,
      'About the table': {
        ...TABLE_RULES,
        rows_per: { judges: 'column', gx: null, about: 'so many rows in each period: with `equals` or `between`' },
      },
    } satisfies Record<string, Record<string, Omit<RuleSpec, 'schema'>>>
    const judged = { rows: 'single rows', column: 'the whole', schema: 'the schema' }
    const sections = Object.entries(forms).flatMap(([title, rules]) => [
      `## ${title}`,
      '',
      '| key | what holds | judges | in Great Expectations |',
      '|---|---|---|---|',
      ...Object.entries(rules as Record<string, Omit<RuleSpec, 'schema'>>).map(
        ([key, { about, gx, judges }]) => `| \`${key}\` | ${about} | ${judged[judges]} | ${gx ? `\`${gx}\`` : ''} |`,
      ),
      '',
    ])
    const formats = ['`format` is one of', `${FORMATS.map((format) => `\`${format}\``).join(', ')}.`, '']
    const page = [
      '# Expectations',
      '',
      'Written by the tests of the project file; the guide is [Data quality](../guide/data-quality.md).',
      '',
      ...sections,
      formats.join(' '),
      '',
    ].join('\n')
    await expect(`${page.trimEnd()}\n`).toMatchFileSnapshot('../../../docs/reference/expectations.md')
  })

  it('has the schema for editors', async () => {
    await expect(`${JSON.stringify(schema, null, 2)}\n`).toMatchFileSnapshot(
      '../../../docs/reference/project-file.schema.json',
    )
  })
})
