import { execFileSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { quoted, readMlproject } from './mlproject.ts'

const FILE = `
name: tutorial
python_env: python_env.yaml
entry_points:
  main:
    parameters:
      alpha: { type: float, default: 0.5 }
      rows: path
      note: { default: "it's" }
    command: "python train.py --alpha {alpha} --rows {rows} --note {note} --format {{x}}"
  validate:
    command: "echo ok"
`

describe('an MLproject file', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'orrery-mlproject-'))
  })
  afterAll(() => rm(folder, { recursive: true }))
  const read = async (file: string, entry_point = 'main', parameters: Record<string, string> = {}) => {
    await writeFile(join(folder, 'MLproject'), file)
    return readMlproject(folder, { mlproject: '.', entry_point, parameters })
  }

  it('is the command that mlflow run starts: defaults, paths from its folder, words quoted', async () => {
    const { command, pythonEnv } = await read(FILE, 'main', { rows: 'data/x.csv', seed: '7; rm -rf /' })
    expect(command).toBe(
      `python train.py --alpha 0.5 --rows ${join(folder, 'data/x.csv')} --note 'it'"'"'s' --format {x} --seed '7; rm -rf /'`,
    )
    expect(pythonEnv).toBe(join(folder, 'python_env.yaml'))
    expect((await read(FILE, 'main', { rows: 's3://bucket/x', alpha: '1e-3' })).command).toContain(
      '--alpha 1e-3 --rows s3://bucket/x',
    )
    expect((await read(FILE, 'validate')).command).toBe('echo ok')
  })

  it('takes a program of the folder for an entry point', async () => {
    expect((await read('name: bare', 'sub/train.py', { depth: '6' })).command).toBe('python sub/train.py --depth 6')
    await rm(join(folder, 'MLproject'))
    const run = { mlproject: '.', entry_point: 'prepare.sh', parameters: {} }
    expect((await readMlproject(folder, run)).command).toBe('sh prepare.sh')
  })

  it.each<[string, string, string, Record<string, string>, RegExp]>([
    ['no YAML', 'a: [', 'main', {}, /no YAML/],
    ['another shape', 'entry_points: [1]', 'main', {}, /entry_points/],
    ['an unknown entry point', FILE, 'test', {}, /no entry point "test"/],
    ['a value that is missing', FILE, 'main', {}, /needs a value of "rows"/],
    ['a number that is none', FILE, 'main', { rows: 'x', alpha: 'much' }, /has to be a number/],
    ['a placeholder of no parameter', 'entry_points: { main: { command: "x {y}" } }', 'main', {}, /asks for \{y\}/],
    ['conda', 'conda_env: conda.yaml', 'main', {}, /wants conda/],
    ['Docker', 'docker_env: { image: x }', 'main', {}, /wants Docker/],
    ['packages outside of it', 'python_env: ../other.yaml', 'train.py', {}, /outside/],
  ])('is refused with %s', async (_, file, entry, parameters, message) => {
    await expect(read(file, entry, parameters)).rejects.toMatchObject({
      code: 'ORRERY_PIPELINES_MLPROJECT_INVALID',
      status: 422,
      message: expect.stringMatching(message),
    })
  })

  it('quotes what a shell would read otherwise', () => {
    for (const text of ['plain', 'two words', "it's", '$(id)', '`id`', 'a\nb', '*', '', '"'])
      expect(execFileSync('sh', ['-c', `printf %s ${quoted(text)}`], { encoding: 'utf8' })).toBe(text)
  })
})
