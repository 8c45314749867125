import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { type ProjectSpec, parseProject } from '#projects'
import { bikeSharingWorld, electricityWorld, telcoChurnWorld, telecomWorld, type World } from '#worlds'

const examples = new URL('../../examples/', import.meta.url)
const read = (path: string) => readFileSync(new URL(path, examples), 'utf8')
const specOf = (name: string) => parseProject(read(`${name}/orrery.yaml`), `examples/${name}/orrery.yaml`).spec

const worlds: World[] = [
  telecomWorld({ seed: 7, historyRows: 10, liveRows: 10 }),
  electricityWorld([]),
  bikeSharingWorld([]),
  telcoChurnWorld([]),
]
const blocks = [
  'Value proposition',
  'Prediction task',
  'Decisions',
  'Offline evaluation',
  'Making predictions',
  'Data sources',
  'Collecting data',
  'Features',
  'Building models',
  'Live monitoring',
]

describe.each(worlds.map((world) => [world.project.replace('examples/', ''), world] as const))('%s', (name, world) => {
  const spec = specOf(name)
  const data = Object.values(spec.data)[0]!

  it('is a valid project that reads the table of its world', () => {
    expect(spec.project).toBe(name)
    expect(data.source).toBe(world.table)
    expect(data.label).toBe(world.labelColumn)
    expect(data.time).toEqual(world.timeColumns)
    expect(data.id).toBe(world.idColumn)
    expect(data.positive).toBe(world.positive === undefined ? undefined : String(world.positive))
    expect(data.split.by).toBe('time')
  })

  it('waits for labels as long as its world does', () => {
    const rowsPerDay = name === 'electricity' ? 48 : 24
    const delay =
      'rows' in world.labelDelay ? (world.labelDelay.rows / rowsPerDay) * 86_400_000 : world.labelDelay.milliseconds
    expect(data.label_arrives_after).toBe(delay)
  })

  it('names only columns the table has, and learns only from what a request carries', () => {
    const named = [
      ...data.ignore,
      ...data.segments,
      ...data.sensitive,
      ...Object.keys(data.columns),
      ...data.expect.flatMap((expectation) => ('column' in expectation ? [expectation.column] : [])),
    ]
    for (const column of named) expect(world.columns, column).toContain(column)
    const apart = new Set([data.label, data.id, ...data.ignore])
    const learned = world.columns.filter((column) => !apart.has(column))
    const onlyTimes = learned.filter((column) => !world.features.includes(column))
    expect(onlyTimes.every((column) => data.time!.includes(column))).toBe(true)
    expect(world.features.every((column) => learned.includes(column))).toBe(true)
  })
})

const folders = readdirSync(examples, { withFileTypes: true }).flatMap((entry) =>
  entry.isDirectory() ? [entry.name] : [],
)

describe.each(folders)('examples/%s', (name) => {
  it('is a valid project with a canvas of ten blocks, each with something in it', () => {
    const parts = read(`${name}/${specOf(name).canvas}`)
      .split(/^## /m)
      .slice(1)
    expect(parts.map((part) => part.split('\n')[0])).toEqual(blocks)
    for (const part of parts) expect(part.split('\n').slice(1).join('').length, part).toBeGreaterThan(20)
  })

  it('says in its README what it is', () => {
    expect(read(`${name}/README.md`)).toMatch(new RegExp(`^# ${name}`))
  })
})

it('calls the simulated world simulated', () => {
  expect(read('churn/README.md')).toMatch(/The customers are simulated/)
  expect(read('churn/canvas.md')).toMatch(/simulated/)
  expect(read('churn/orrery.yaml')).toMatch(/simulated/)
})

it('electricity and bike-sharing differ in their data and their names only', () => {
  const shared = (spec: ProjectSpec) => {
    const { data: _data, ...train } = spec.pipeline.train.with
    return {
      pipeline: { ...spec.pipeline.train, with: train },
      gates: spec.gates,
      environments: spec.environments,
      deploy: Object.values(spec.deploy),
      monitor: spec.monitor,
      when: spec.when.map(({ then: _then, ...trigger }) => trigger),
    }
  }
  expect(shared(specOf('bike-sharing'))).toEqual(shared(specOf('electricity')))
})

describe('pet-park', () => {
  const spec = specOf('pet-park')
  const { frames } = spec.data

  it('is a valid project of pictures: a row is known by its hash, and a model learns from pixels alone', () => {
    expect(frames).toMatchObject({ source: 'pictures', id: 'picture', pictures: { channels: 3, fit: 'fill' } })
    const measured = ['brightness', 'contrast', 'sharpness']
    expect(frames!.ignore).toEqual(expect.arrayContaining(['file', 'light', 'focus', 'width', 'height', 'bytes']))
    expect(frames!.ignore.filter((column) => measured.includes(column))).toEqual([])
  })

  it('has a canvas with all ten blocks', () => {
    const headings = [...read('pet-park/canvas.md').matchAll(/^## (.+)$/gm)].map(([, heading]) => heading)
    expect(headings).toEqual(blocks)
  })

  it('wants a label for its folders', () => {
    const file = read('pet-park/orrery.yaml').replace(/^ {4}(label|positive): .*\n/gm, '')
    expect(() => parseProject(file, 'orrery.yaml')).toThrow('pictures are labelled by their folders')
  })
})
