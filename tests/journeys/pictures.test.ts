import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connect, type Server } from '../../src/cli/server.ts'
import { orrery } from '../cli/orrery.ts'
import { type RunningServer, startServer } from '../support/server.ts'

/* A folder of real photographs as data: added beside git, profiled from the terminal and by a server, and tested. */

const PHOTOS = fileURLToPath(new URL('../../../shared/data/cats-dogs', import.meta.url))
const EACH = 150
const PROJECT = `
project: pets
data: { facts: { source: facts.csv, label: class, split: { by: stratified } } }
pictures:
  photos:
    folder: photos
    expect:
      - { width_between: [64, 512], formats_in: [jpeg], readable: true }
      - no_duplicates_across_parts: true
      - balance: 90%
      - { sharpness_between: [1000000, null], otherwise: warn }
`

describe.skipIf(!existsSync(PHOTOS))('pictures as data (needs ../shared/data/cats-dogs)', () => {
  let folder: string
  let server: RunningServer
  let api: Server
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'orrery-pictures-'))
    execFileSync('git', ['init', '-q', '-b', 'main', folder])
    for (const part of ['train', 'test'])
      for (const kind of ['cat', 'dog']) {
        mkdirSync(join(folder, 'photos', part, kind), { recursive: true })
        const names = readdirSync(join(PHOTOS, part, kind))
          .sort()
          .slice(0, EACH)
        for (const name of names) cpSync(join(PHOTOS, part, kind, name), join(folder, 'photos', part, kind, name))
      }
    writeFileSync(join(folder, 'orrery.yaml'), PROJECT)
    const { code } = await orrery(['data', 'add', 'photos'], { cwd: folder })
    expect(code).toBe(0)
  })
  afterAll(async () => {
    await server?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  it('are profiled from the terminal, with a table of what was measured', async () => {
    const { code, stdout } = await orrery(['data', 'profile', 'photos', '--table', 'facts.csv'], { cwd: folder })
    expect(stdout).toMatch(/photos {2}600 pictures · .* · 600 jpeg/)
    expect(stdout).toMatch(/train +300: cat 50 %, dog 50 %/)
    expect(stdout).toContain('✓ balance: 90%')
    expect(code).toBe(0)
  })

  it('are tested with the tables, by what the project file expects', async () => {
    const { code, stdout } = await orrery(['data', 'test', '--json'], { cwd: folder })
    const { datasets } = JSON.parse(stdout)
    expect(datasets.map((one: { dataset: string; rows: number }) => [one.dataset, one.rows])).toEqual([
      ['facts', 600],
      ['photos', 600],
    ])
    const failing = datasets[1].results.filter((one: { passed: boolean }) => !one.passed)
    expect(failing.map((one: { rule: string; failing: number }) => [one.rule, one.failing])).toEqual([
      ['sharpness_between', 600],
    ])
    expect(code).toBe(0)
  })

  it('are profiled by a server that shares the home, and their leak across the split is seen', async () => {
    const { stdout } = await orrery(['data', 'profile', 'photos', '--json'], { cwd: folder })
    expect(JSON.parse(stdout).same.acrossParts).toBe(0)
    // A photograph of the test set that is trained on, too, under another name.
    const [leaked] = readdirSync(join(folder, 'photos', 'test', 'cat'))
    cpSync(join(folder, 'photos', 'test', 'cat', leaked!), join(folder, 'photos', 'train', 'cat', 'leaked.jpg'))
    await orrery(['data', 'add', 'photos'], { cwd: folder })
    server = await startServer({ home: join(folder, '.orrery') })
    api = connect(server.url)
    await api.applyProject({ body: { file: PROJECT, folder } })
    const [dataset] = (await api.listFileDatasets({ params: { project: 'pets' } })).datasets
    const params = { version: dataset!.latest.id }
    expect(await api.getPictureProfile({ params })).toEqual({ profile: null, running: null, failure: null })
    await api.profilePictures({ params })
    const state = () => api.getPictureProfile({ params })
    await expect.poll(async () => (await state()).running, { timeout: 60_000 }).toBeNull()
    expect((await state()).failure).toBeNull()
    const { profile } = await state()
    expect(profile!.same).toMatchObject({ groups: 1, acrossParts: 1 })
    expect(profile!.same.shown[0]!.parts).toEqual(['test', 'train'])
    expect(profile!.expectations.find((one) => one.rule === 'no_duplicates_across_parts')!.passed).toBe(false)
    expect(Object.keys(profile!.thumbnails).length).toBeGreaterThan(0)
    await expect(api.getPictureProfile({ params: { version: 'nope' } })).rejects.toMatchObject({ status: 404 })
  }, 120_000)
})
