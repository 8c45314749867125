import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest'
import { runCli } from '../program.ts'

let folder = ''
const path = (name: string) => join(folder, name)
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'orrery-cli-data-'))
  const rows = Array.from({ length: 60 }, (_, i) => `${i},${i === 7 ? 99 : i / 60},${i % 2 ? 'yes' : 'no'}`)
  await writeFile(path('t.csv'), `id,x,y\n${rows.join('\n')}\n`)
  await writeFile(path('u.csv'), `id,x,y\n${rows.slice(1).join('\n').replace('7,99', '7,0.5')}\n`)
})
afterAll(() => rm(folder, { recursive: true }))
afterEach(() => vi.restoreAllMocks())

async function run(...argv: string[]) {
  const out: string[] = []
  vi.spyOn(console, 'log').mockImplementation((line) => void out.push(String(line)))
  vi.spyOn(console, 'error').mockImplementation((line) => void out.push(String(line)))
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => out.push(String(text)) > 0)
  return { code: await runCli(['node', 'orrery', 'data', ...argv]), out: out.join('\n') }
}

async function project(expectation: string) {
  const file = path('orrery.yaml')
  await writeFile(file, `project: shop\ndata: { t: { source: t.csv, label: y, expect: [${expectation}] } }\n`)
  return file
}

it('a data test says no with exit code 1, in words, JSON and JUnit', async () => {
  const file = await project('{ column: x, less_than: 50 }, { column: y, in: ["yes", "no"] }')
  const { code, out } = await run('test', file, '--junit', path('junit.xml'))
  expect(code).toBe(1)
  expect(out).toContain('t  60 rows · 1 of 2 expectations hold')
  expect(out).toContain('✗ x is less than 50: 1 of 60 rows break it, such as row 8 (99)')
  const xml = await readFile(path('junit.xml'), 'utf8')
  expect(xml).toContain('<testsuite name="shop.t" tests="2" failures="1" errors="0"')
  expect(xml).toContain('<failure message="1 of 60 rows break it, such as row 8 (99)" type="value skew"/>')
  const json = JSON.parse((await run('test', file, '--json')).out)
  expect(json.datasets[0].results.map((one: { passed: boolean }) => one.passed)).toEqual([false, true])
})

it('a terminal is shown what a long test does, and nothing of it remains', async () => {
  const file = await project('{ column: x, not_null: true }')
  vi.stubEnv('CI', '')
  vi.stubEnv('TERM', 'xterm')
  const before = process.stdout.isTTY
  process.stdout.isTTY = true
  try {
    const { out } = await run('test', file)
    expect(out).toMatch(/t.*(starting|finding|verifying|reading|looking|describing|profiling|checking|hashing).* s/)
    expect(out.split('\u001B[0J').at(-1)).toContain('1 of 1 expectations hold')
  } finally {
    process.stdout.isTTY = before
    vi.unstubAllEnvs()
  }
  expect((await run('test', file)).out).not.toMatch(/⠋|⠼|describing|profiling|starting/)
})

it('warnings and rows that were set aside pass, unless it is strict', async () => {
  const warned = await project('{ column: x, less_than: 50, otherwise: warn }')
  expect((await run('test', warned)).code).toBe(0)
  expect((await run('test', warned, '--strict')).code).toBe(1)
  const aside = await run('test', await project('{ column: x, less_than: 50, otherwise: quarantine }'))
  expect([aside.code, aside.out]).toEqual([0, expect.stringContaining('59 rows · 1 set aside')])
})

it('a table that cannot be read is a failure too', async () => {
  const file = path('orrery.yaml')
  await writeFile(file, 'project: shop\ndata: { t: { source: gone.csv, label: y } }\n')
  const { code, out } = await run('test', file, '--junit', path('junit.xml'))
  expect([code, out]).toEqual([1, expect.stringContaining('There is nothing at gone.csv')])
  expect(await readFile(path('junit.xml'), 'utf8')).toContain('errors="1"')
  expect((await run('test', file, '--only', 'nope')).code).toBe(2)
})

it('two files are compared row by row', async () => {
  const { code, out } = await run('diff-table', path('t.csv'), path('u.csv'), '--key', 'id', '--check')
  expect(code).toBe(1)
  expect(out).toContain('+0 added  -1 removed  ~1 changed  58 the same')
  expect(out).toContain('~ 7: x 99 → 0.5')
  expect((await run('diff-table', path('t.csv'), path('t.csv'), '--check')).code).toBe(0)
  expect((await run('diff-table', path('t.csv'), path('gone.csv'))).code).toBe(2)
})

it('prints what a suite of Great Expectations becomes', async () => {
  await writeFile(
    path('suite.json'),
    JSON.stringify({
      expectations: [
        { type: 'expect_column_values_to_be_unique', kwargs: { column: 'id' } },
        { type: 'expect_of_our_own', kwargs: {} },
      ],
    }),
  )
  const { code, out } = await run('import-expectations', path('suite.json'))
  expect(code).toBe(0)
  expect(out).toContain('expect:\n  - { column: id, unique: true }')
  expect(out).toContain('# left out: expect_of_our_own')
  expect((await run('import-expectations', path('t.csv'))).code).not.toBe(0)
})

it('a data test tells what parts of the split have in common', async () => {
  const rows = Array.from(
    { length: 400 },
    (_, i) => `${(i * 7919) % 200},${(i % 200) * 1.37},${i % 3 === 0 ? 'yes' : 'no'}`,
  )
  await writeFile(path('homes.csv'), `home,income,y\n${rows.join('\n')}\n`)
  const file = path('homes.yaml')
  const written = (split: string) =>
    writeFile(file, `project: shop\ndata: { homes: { source: homes.csv, label: y, id: home, split: { ${split} } } }\n`)
  await written('by: random')
  const { code, out } = await run('test', file)
  expect(code).toBe(0)
  expect(out).toMatch(
    /rows of test \([\d.]+ %\) are the same in every feature as one of train, such as rows \d+ and \d+/,
  )
  expect(out).toMatch(/have a "home" that train has too, such as rows \d+ and \d+ \("\d+"\)/)
  await written('by: group')
  expect((await run('test', file)).out).not.toContain('too, such as')
})

it('a preview shows columns before and after, what was learned, and the first step that cannot be done', async () => {
  const file = path('recipe.yaml')
  const recipe = (steps: string) =>
    writeFile(file, `project: shop\ndata: { t: { source: t.csv, label: y, id: id, prepare: [${steps}] } }\n`)
  await recipe('{ filter: x < 50 }, { clip: { columns: [x], to: 90% } }, { scale: { columns: [x], to: range } }')
  const { code, out } = await run('preview', file)
  expect(code).toBe(0)
  expect(out).toContain('t  59 rows before the split, 59 looked at, fitted on')
  expect(out).toMatch(/step 2 clip x: to 0\.\d+/)
  expect(out).toMatch(/ {2}x .* 0\.98\d* {2}→ {2}0 .* 1$/m)
  await recipe('{ scale: { columns: [x] } }, { drop: [z] }')
  const refused = await run('preview', file)
  expect(refused.code).toBe(1)
  expect(refused.out).toContain('Step 2 of `prepare` cannot be done: there is no column "z"')
  expect(refused.out).toContain('step 1 scale x: centre')
})
