import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RunningServer, startServer } from '../support/server.ts'
import { BIN, EXAMPLES, orrery } from './orrery.ts'

const NOBODY = 'http://127.0.0.1:9'

describe('a command', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'orrery-cli-'))
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  it('that does not exist is wrong use, and the nearest one is named', async () => {
    const { code, stderr } = await orrery(['aply'])
    expect(code).toBe(2)
    expect(stderr).toMatch(/unknown command 'aply'\n.*Did you mean apply/)
  })

  it('with an option that does not exist is wrong use', async () => {
    expect((await orrery(['up', '--prot', '80'])).code).toBe(2)
  })

  it('with a setting that cannot be is wrong use, and says which', async () => {
    const { code, stderr } = await orrery(['up', '--port', '80000'])
    expect(code).toBe(2)
    expect(stderr).toMatch(/ORRERY_CONFIG_INVALID {2}.*port/)
  })

  it('ends without a word when its reader has seen enough', async () => {
    const child = spawn(process.execPath, [BIN, '--help'], { stdio: ['ignore', 'pipe', 'pipe'] })
    child.stdout.destroy()
    let stderr = ''
    child.stderr.on('data', (chunk) => {
      stderr += chunk
    })
    const [code] = await once(child, 'close')
    expect({ code, stderr }).toEqual({ code: 141, stderr: '' })
  })

  it('shows its help with an example', async () => {
    for (const command of ['up', 'demo', 'plan', 'apply', 'run', 'status', 'trace', 'certify', 'doctor', 'seed']) {
      const { code, stdout } = await orrery([command, '--help'])
      expect(code, command).toBe(0)
      expect(stdout, command).toContain('Example: ')
    }
  })

  it('prints settings with their origin in order: flag, variable, default; passwords masked', async () => {
    const { code, stdout } = await orrery(['config', 'print', '--host', '127.0.0.2'], {
      cwd: folder,
      env: { ORRERY_PORT: '8123', ORRERY_DATABASE: 'postgres://me:secret@db/orrery' },
    })
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({
      host: '127.0.0.2',
      port: 8123,
      durability: 'full',
      database: 'postgres://me:***@db/orrery',
    })
  })

  it('completes commands and options in bash', async () => {
    const { code, stdout } = await orrery(['completion', 'bash'])
    expect(code).toBe(0)
    expect(stdout).toMatch(/'token create'\) next='[^']*--role/)
    expect((await orrery(['completion', 'fish'])).code).toBe(2)
  })

  it('that finds no project file says where it looked', async () => {
    const { code, stderr } = await orrery(['plan'], { cwd: folder })
    expect(code).toBe(2)
    expect(stderr).toContain(`There is no project file at ${join(folder, 'orrery.yaml')}`)
  })

  it('names line and column of every problem in a project file', async () => {
    const file = join(folder, 'broken.yaml')
    await writeFile(
      file,
      'project: churn\ndata:\n  customers:\n    source: a.csv\n    lable: churned\n    task: guess\n',
    )
    const plain = await orrery(['plan', '--file', file])
    expect(plain.code).toBe(2)
    expect(plain.stderr).toMatch(new RegExp(`${file}:5:5 .*lable`))
    expect(plain.stderr).toMatch(new RegExp(`${file}:6:11 `))
    const json = await orrery(['plan', '--file', file, '--json'])
    expect(json.code).toBe(2)
    const { error } = JSON.parse(json.stdout)
    expect(error.code).toBe('ORRERY_PROJECTS_FILE_INVALID')
    expect(error.details.problems[0]).toMatchObject({ line: 5, column: 5 })
  })

  it.each([
    [['status']],
    [['trace', 'x']],
    [['apply', '--file', join(EXAMPLES, 'churn', 'orrery.yaml')]],
    [['certify', 'a@1']],
  ])('%s: a server that does not answer is no answer, and what to do is said', async (args) => {
    const { code, stderr } = await orrery([...args, '--server', NOBODY])
    expect(code).toBe(3)
    expect(stderr).toMatch(/ORRERY_UNREACHABLE {2}No Orrery server answers at http:\/\/127\.0\.0\.1:9/)
    expect(stderr).toContain('orrery up')
  })
})

describe('a command and a server', () => {
  let server: RunningServer
  beforeAll(async () => {
    server = await startServer()
  })
  afterAll(() => server?.stop())

  const told = (...args: string[]) => orrery([...args, '--server', server.url])

  it('plans, applies, and then has nothing to change', async () => {
    const file = ['--file', join(EXAMPLES, 'churn', 'orrery.yaml')]
    const before = await told('plan', ...file, '--check', '--json')
    expect(before.code, 'there is something to change').toBe(1)
    expect(JSON.parse(before.stdout)).toMatchObject({ project: 'churn', exists: false })
    const applied = await told('apply', ...file)
    expect(applied.code).toBe(0)
    expect(applied.stdout).toMatch(/\+ deploy\.churn-risk/)
    const after = await told('plan', ...file, '--check')
    expect(after.code).toBe(0)
    expect(after.stdout).toContain('Nothing to change')
    expect(JSON.parse((await told('apply', ...file, '--json')).stdout)).toMatchObject({ project: 'churn', changes: [] })
  })

  it('follows a run that fails to its reason', async () => {
    // Its customers.csv is written by the demo, and is not there.
    const { code, stdout } = await told('run', '--file', join(EXAMPLES, 'churn', 'orrery.yaml'))
    expect(code).toBe(3)
    expect(stdout).toMatch(/✗ data +ORRERY_DATA_\w+ {2}.*customers\.csv/)
    expect(stdout).toContain(`${server.url}/churn/runs/`)
  })

  it('tells the state of every project as JSON', async () => {
    const { code, stdout } = await told('status', '--json')
    expect(code).toBe(0)
    expect(JSON.parse(stdout).projects).toMatchObject([{ project: 'churn', summary: { state: 'not deployed' } }])
  })

  it('says no where the server says no', async () => {
    const unknown = await told('trace', 'no-such-id')
    expect(unknown.code).toBe(1)
    expect(unknown.stderr).toMatch(/ORRERY_\w+ {2}.*no-such-id/)
    expect((await told('status', 'no-such-project')).code).toBe(1)
    const json = await told('certify', 'churn-risk@1', '--json')
    expect(json.code).toBe(1)
    expect(JSON.parse(json.stdout).error.code).toMatch(/^ORRERY_/)
    expect((await told('certify', 'churn-risk')).code, 'no version named').toBe(2)
  })
})
