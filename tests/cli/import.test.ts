import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFile, mkdir, mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type RunningServer, startServer } from '../support/server.ts'
import { BIN, orrery } from './orrery.ts'

const EXPERIMENT = `artifact_location: file:///elsewhere/7
creation_time: 1700000000000
experiment_id: '7'
last_update_time: 1700000000000
lifecycle_stage: active
name: forest
`
const runMeta = (id: string, status = 3) => `artifact_uri: file:///elsewhere/7/${id}/artifacts
end_time: 1700000009000
experiment_id: '7'
lifecycle_stage: active
run_id: ${id}
run_name: run ${id}
start_time: 1700000001000
status: ${status}
user_id: me
`

/** An `mlruns` folder as the client writes it, with two runs. */
async function writeMlruns(folder: string): Promise<string> {
  const root = join(folder, 'mlruns')
  const files = {
    '7/meta.yaml': EXPERIMENT,
    '7/aa/meta.yaml': runMeta('aa'),
    '7/aa/params/depth': '6',
    '7/aa/tags/mlflow.user': 'me',
    '7/aa/metrics/loss': '1700000001000 0.5 0\n1700000002000 0.25 1\n',
    '7/aa/artifacts/notes/a.txt': 'hello',
    '7/bb/meta.yaml': runMeta('bb', 4),
    '7/bb/metrics/loss': '1700000001000 nan 0\n',
  }
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), text)
  }
  return root
}

describe('orrery import mlflow', () => {
  let server: RunningServer
  let folder: string
  beforeAll(async () => {
    server = await startServer()
  }, 60_000)
  afterAll(() => server?.stop())
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'orrery-import-'))
  })
  afterEach(() => rm(folder, { recursive: true }))

  const bring = (source: string, ...more: string[]) =>
    orrery(['import', 'mlflow', source, '--server', server.url, ...more], { cwd: folder })
  const differences = (stdout: string) =>
    (JSON.parse(stdout) as { differences: { what: string; reason: string }[] }).differences

  it('says in lines what came, without a terminal', async () => {
    const { code, stdout } = await bring(await writeMlruns(folder))
    expect(code).toBe(0)
    expect(stdout).toMatch(/✓ runs +2 +2 +\+2/)
    expect(stdout).toMatch(/✓ metric points +3 +3/)
    expect(stdout).toMatch(/✓ artifacts +1 +1/)
    expect(stdout).toMatch(/✓ all of it is here/)
    const run = await fetch(`${server.url}/api/runs/aa`).then((answer) => answer.json())
    expect(run).toMatchObject({ name: 'run aa', state: 'finished', params: { depth: '6' }, metrics: { loss: 0.25 } })
  })

  it.each([
    ['http://127.0.0.1:9', 3, 'ORRERY_IMPORT_SOURCE_UNREACHABLE'],
    ['nowhere', 3, 'ORRERY_IMPORT_SOURCE_NOT_MLFLOW'],
    ['.', 3, 'ORRERY_IMPORT_SOURCE_NOT_MLFLOW'],
    ['sqlite:///nowhere.db', 3, 'ORRERY_IMPORT_SOURCE_NOT_MLFLOW'],
    ['postgresql://me@127.0.0.1/mlflow', 2, 'ORRERY_CLI_WRONG_USE'],
  ])(
    'refuses %s with exit code %i',
    async (source, exit, said) => {
      const { code, stderr } = await bring(source)
      expect(stderr).toContain(said)
      expect(code).toBe(exit)
    },
    30_000,
  )

  it('refuses a folder that is no mlruns, and a file that is no database', async () => {
    await mkdir(join(folder, 'other/sub'), { recursive: true })
    expect((await bring(join(folder, 'other'))).stderr).toContain('no folder in it has the meta.yaml of an experiment')
    await writeFile(join(folder, 'mlflow.db'), 'SQLite format 3\u0000 and then nothing that is')
    expect((await bring('sqlite:///mlflow.db')).stderr).toContain('ORRERY_IMPORT_SOURCE_NOT_MLFLOW')
    await writeFile(join(folder, 'mlflow.db'), '')
    expect((await bring('sqlite:///mlflow.db')).stderr).toContain('it has no table experiments')
  })

  describe('from a server', () => {
    let http: Server
    let asked: (string | undefined)[]
    let answer: { status: number; body: string }
    beforeEach(async () => {
      asked = []
      http = createServer((request, response) => {
        asked.push(request.headers.authorization)
        response.writeHead(answer.status, { 'content-type': 'text/html' }).end(answer.body)
      }).listen(0, '127.0.0.1')
      await once(http, 'listening')
    })
    afterEach(() => void http.close())
    const from = (env: Record<string, string> = {}) =>
      orrery(['import', 'mlflow', `http://127.0.0.1:${(http.address() as AddressInfo).port}`, '--server', server.url], {
        env,
      })

    it('that asks who it is, says which variables tell; and sends what they say', async () => {
      answer = { status: 401, body: 'You are not authenticated.' }
      const { code, stderr } = await from()
      expect(stderr).toContain('ORRERY_IMPORT_SOURCE_REFUSED')
      expect(stderr).toContain('MLFLOW_TRACKING_USERNAME')
      expect(code).toBe(3)
      await from({ MLFLOW_TRACKING_USERNAME: 'me', MLFLOW_TRACKING_PASSWORD: 'secret' })
      await from({ MLFLOW_TRACKING_TOKEN: 'abc' })
      expect(asked).toEqual([undefined, `Basic ${Buffer.from('me:secret').toString('base64')}`, 'Bearer abc'])
    })

    it('that is something else, says what it answered', async () => {
      answer = { status: 200, body: '<html>Grafana</html>' }
      expect((await from()).stderr).toMatch(/ORRERY_IMPORT_SOURCE_NOT_MLFLOW.*Grafana/s)
    })
  })

  it('names what is damaged, brings the rest, and ends with 1', async () => {
    const root = await writeMlruns(folder)
    await truncate(join(root, '7/bb/meta.yaml'), 120)
    await appendFile(join(root, '7/aa/metrics/loss'), 'garbage\n1700000003000 0.125 2\n')
    await symlink(join(folder, 'vanished.bin'), join(root, '7/aa/artifacts/model.bin'))
    await mkdir(join(root, '8/cc/metrics'), { recursive: true })
    await writeFile(join(root, '8/meta.yaml'), "artifact_location: x\nexperiment_id: '8'\nna")
    const { code, stdout } = await bring(root, '--json')
    expect(code).toBe(1)
    const found = differences(stdout).map(({ what, reason }) => `${what}: ${reason}`)
    expect(found).toHaveLength(4)
    expect(found).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^run bb: its meta.yaml is/),
        'run aa: metric loss: a line that is no point: "garbage"',
        expect.stringMatching(/^run aa: artifact model.bin: it cannot be read \(ENOENT/),
        expect.stringMatching(/^experiment 8: its meta.yaml is/),
      ]),
    )
    const { points } = (await fetch(`${server.url}/api/runs/aa/metrics/loss`).then((one) => one.json())) as {
      points: unknown[]
    }
    expect(points).toHaveLength(3)

    // Mended, the next import brings the rest.
    await writeMlruns(folder)
    await rm(join(root, '8'), { recursive: true })
    await writeFile(join(folder, 'vanished.bin'), 'weights')
    expect((await bring(root)).code).toBe(0)
  })

  it('of itself is refused', async () => {
    expect((await bring(server.url)).code).toBe(2)
  })
})

/** A file system of the test's own, gone with the process that has it; nobody else sees it. */
const mayMount = (() => {
  try {
    execFileSync('unshare', ['-rm', 'sh', '-c', 'mount -t tmpfs tmpfs /mnt'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
})()

describe.skipIf(!mayMount)(
  'orrery import mlflow onto a full disk (skipped where no file system may be mounted)',
  () => {
    it('says so, keeps what it acknowledged, and goes on when there is space', async () => {
      const folder = await mkdtemp(join(tmpdir(), 'orrery-disk-'))
      const source = await mkdtemp(join(tmpdir(), 'orrery-import-'))
      const root = await writeMlruns(source)
      await writeFile(join(root, '7/bb/meta.yaml'), runMeta('bb'))
      await mkdir(join(root, '7/bb/artifacts'), { recursive: true })
      await writeFile(join(root, '7/bb/artifacts/large.bin'), Buffer.alloc(24 * 1024 * 1024, 7))
      const mount = `mount -t tmpfs -o size=16m tmpfs '${folder}'`
      const command = `exec '${process.execPath}' '${BIN}' up --port 0 --home '${folder}/home'`
      const child = spawn('unshare', ['-rm', 'sh', '-c', `${mount} && ${command}`], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      const lines = createInterface({ input: child.stdout! })
      const [line] = await once(lines, 'line')
      const url = /ready on (\S+)/.exec(line)![1]!
      const bring = () => orrery(['import', 'mlflow', root, '--server', url])

      const full = await bring()
      expect(full.stderr).toContain('ORRERY_BLOBS_FULL')
      expect(full.code).toBe(3)
      await writeFile(join(root, '7/bb/artifacts/large.bin'), 'smaller now')
      const { code, stdout } = await bring()
      expect(stdout).toMatch(/✓ artifacts +2 +2/)
      expect(code).toBe(0)

      const exit = once(child, 'exit')
      child.kill('SIGTERM')
      await exit
      for (const one of [folder, source]) await rm(one, { recursive: true, force: true })
    }, 60_000)
  },
)
