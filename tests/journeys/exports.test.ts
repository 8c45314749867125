import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { validate } from 'dockerfile-utils'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { RUNTIME } from '../../src/exports/exports.ts'
import { connect, type Server } from '../../src/cli/server.ts'
import { orrery } from '../cli/orrery.ts'
import { HAS_PYTHON, HAS_UV } from '../support/python.ts'
import { type RunningServer, startServer } from '../support/server.ts'
import { noBrowser, openBrowser } from '../ui/browser.ts'

/*
 * A version as a dependency: installed with the tools that programs are installed with, it answers rows of the real table with
 * the server's own bits, and refuses wrong records with the server's own words.
 */

const TELCO = fileURLToPath(new URL('../../../shared/data/telco-churn/Telco-Customer-Churn.csv', import.meta.url))
const PATIENCE = 10 * 60_000
const ROWS = 700
const run = promisify(execFile)

type Cell = string | number | boolean | null
type Records = Record<string, Cell>[]
interface Answer {
  value: number
  label: string | null
  probabilities: Record<string, number> | null
}
interface Refused {
  code: string
  message: string
  hint: string
}
interface Replied {
  predictions: (Answer & { version: number })[]
  error: Refused
}
/** What each way of asking says to the rows, and to each wrong record. */
interface Said {
  answers: Answer[]
  refusals: Refused[]
}

const TASKS = { risk: 'Churn', contract: 'Contract', bill: 'MonthlyCharges' } as const
type Name = keyof typeof TASKS

/** One table, three questions: two classes, three classes, a number. */
const projectOf = (name: Name) => `project: export-${name}
data:
  customers:
    source: customers.csv
    label: ${TASKS[name]}
${name === 'risk' ? '    positive: "Yes"\n' : ''}    id: customerID
    columns: { TotalCharges: { type: number, missing: [" "] } }
    split: { by: random, train: 70%, validation: 15%, test: 15% }
pipeline:
  train: { use: builtin/tabular, search: { trials: 2 } }
deploy:
  export-${name}: { environment: staging }
environments:
  staging: {}
`

describe.skipIf(!existsSync(TELCO))('exports (skipped without shared/data/telco-churn)', () => {
  let folder: string
  let server: RunningServer
  let api: Server
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'orrery-exports-'))
    server = await startServer({ home: join(folder, 'home') })
    api = connect(server.url)
    for (const name of Object.keys(TASKS) as Name[]) {
      const project = join(folder, name)
      await mkdir(project)
      await copyFile(TELCO, join(project, 'customers.csv'))
      await writeFile(join(project, 'orrery.yaml'), projectOf(name))
      const where = ['--file', join(project, 'orrery.yaml'), '--server', server.url]
      expect(await orrery(['apply', ...where])).toMatchObject({ code: 0 })
      expect(await orrery(['run', ...where], { endAfterMs: PATIENCE })).toMatchObject({ code: 0 })
    }
  }, PATIENCE)
  afterAll(async () => {
    await server?.stop()
    if (folder) await rm(folder, { recursive: true, force: true })
  })

  const params = (name: Name) => ({ model: `export-${name}`, version: 1 })

  /** Rows of the table as requests carry them. */
  async function recordsFor(name: Name): Promise<Records> {
    const [head, ...lines] = (await readFile(TELCO, 'utf8')).trim().split(/\r?\n/)
    const columns = head!.split(',')
    const { signature } = await api.getVersion({ params: params(name) })
    return lines.slice(0, ROWS).map((line) => {
      const cells = line.split(',')
      return Object.fromEntries(
        signature!.features.map(({ name, kind }) => {
          const cell = cells[columns.indexOf(name)]!
          return [name, kind === 'categorical' ? cell : cell.trim() === '' ? null : Number(cell)]
        }),
      )
    })
  }

  /** A record that is wrong in one cell each: every way a caller gets it wrong, in JSON. */
  function wrongRecords(record: Record<string, Cell>): Records {
    const { tenure: _, ...lacking } = record
    const { gender: __, ...withoutText } = record
    return [
      lacking,
      withoutText,
      { ...record, tenure: '12' },
      { ...record, tenure: ' 1.50e3 ' },
      { ...record, tenure: 'a year "or so"' },
      { ...record, tenure: true },
      { ...record, tenure: 1e39 },
      { ...record, tenure: -1.5e300 },
    ]
  }

  /** Cells that are taken, though they are not what the table has: their texts must be the same ones everywhere. */
  function oddRecords(record: Record<string, Cell>): Records {
    const odd = [
      null,
      '',
      'Ünheard of',
      true,
      false,
      0,
      -0,
      2,
      2.5,
      1e21,
      1.25e-7,
      123456789012345680000,
      5e-324,
      0.000001,
    ]
    return [
      ...odd.map((gender) => ({ ...record, gender })),
      ...[null, 0, -1e30, 3.4e38, 1e-40].map((tenure) => ({ ...record, tenure })),
    ]
  }

  async function serverSays(name: Name, records: Records, wrong: Records): Promise<Said> {
    const ask = (some: Records) => api.predict({ params: { endpoint: `export-${name}` }, body: { records: some } })
    const { predictions } = await ask(records)
    const refusals: Refused[] = []
    for (const record of wrong)
      refusals.push(
        await ask([records[0]!, record]).then(
          () => expect.fail(`${JSON.stringify(record)} was answered`),
          ({ code, message, hint }: Refused) => ({ code, message, hint }),
        ),
      )
    return {
      answers: predictions.map(({ value, label, probabilities }) => ({ value, label, probabilities })),
      refusals,
    }
  }

  async function questionsFor(name: Name) {
    const records = await recordsFor(name)
    const has = (column: string) => Object.hasOwn(records[0]!, column)
    expect(has('tenure') && has('gender')).toBe(true)
    const wrong = wrongRecords(records[0]!)
    const all = [...records, ...oddRecords(records[0]!)]
    const file = join(folder, `${name}.json`)
    await writeFile(file, JSON.stringify({ records: all, wrong }))
    return { all, wrong, file, says: await serverSays(name, all, wrong) }
  }

  const exported = (name: Name, as: string, args: string[], cwd = folder) =>
    orrery(['export', `export-${name}@champion`, '--as', as, '--server', server.url, ...args], { cwd })

  /** Unlike bits are told with how far apart they are. */
  function expectSame(said: Said, server: Said): void {
    expect(said.refusals).toEqual(server.refusals)
    expect(said.answers).toHaveLength(server.answers.length)
    const apart = said.answers.map((one, i) => Math.abs(one.value - server.answers[i]!.value))
    expect(Math.max(...apart)).toBe(0)
    expect(said.answers).toEqual(server.answers)
  }

  describe.each(Object.keys(TASKS) as Name[])('%s', (name) => {
    it(
      'answers from an npm package with the bits of the server',
      async () => {
        const { file, says } = await questionsFor(name)
        const app = join(folder, `app-${name}`)
        await mkdir(app)
        expect(await exported(name, 'npm', [], app)).toMatchObject({ code: 0 })
        const archive = `export-${name}-1.0.0.tgz`
        expect(await readdir(app)).toEqual([archive])
        await writeFile(join(app, 'package.json'), '{"type":"module","private":true}')
        await npmInstall(app, `./${archive}`)
        await writeFile(join(app, 'ask.js'), NODE_PROGRAM.replace('PACKAGE', `export-${name}`))
        const { stdout } = await run(process.execPath, ['ask.js', file], { cwd: app, maxBuffer: 64 << 20 })
        expectSame(JSON.parse(stdout), says)
      },
      PATIENCE,
    )

    it.skipIf(!HAS_PYTHON || !HAS_UV)(
      'answers from a Python package with the bits of the server (needs python3, 3.11 or later, and uv)',
      async () => {
        const { file, says } = await questionsFor(name)
        expect(await exported(name, 'python', [])).toMatchObject({ code: 0 })
        const python = join(folder, `venv-${name}`)
        await run('uv', ['venv', '--quiet', python])
        const archive = join(folder, `export_${name}-1.0.0.tar.gz`)
        await run('uv', ['pip', 'install', '--quiet', '--python', join(python, 'bin/python'), archive])
        const program = PYTHON_PROGRAM.replaceAll('MODULE', `export_${name}`)
        const { stdout } = await run(join(python, 'bin/python'), ['-c', program, file], { maxBuffer: 64 << 20 })
        expectSame(JSON.parse(stdout), says)
      },
      PATIENCE,
    )
  })

  it(
    'is typed: a program that misuses it does not compile',
    async () => {
      const app = join(folder, 'typed')
      expect(await exported('risk', 'npm', ['--out', app])).toMatchObject({ code: 0 })
      const program = (body: string) => `import { predict } from './index.js'\n${body}\n`
      await writeFile(
        join(app, 'right.ts'),
        program('const [one] = await predict([{ tenure: 1 }]); export const v: number = one!.value'),
      )
      await writeFile(
        join(app, 'wrong.ts'),
        program('export const v: string = (await predict([{ tenure: [1] }]))[0]!.value'),
      )
      const tsc = (file: string) =>
        run(
          process.execPath,
          [TSC, '--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2024', '--ignoreConfig', file],
          { cwd: app },
        ).then(
          () => 'compiles',
          ({ stdout }) => stdout as string,
        )
      expect(await tsc('right.ts')).toBe('compiles')
      expect(await tsc('wrong.ts')).toMatch(/TS2322/)
    },
    PATIENCE,
  )

  it(
    'answers as an image would: a context that a Dockerfile linter takes, and the program that its container runs',
    async () => {
      const { all, wrong, says } = await questionsFor('contract')
      const context = join(folder, 'image')
      expect(await exported('contract', 'oci', ['--out', context])).toMatchObject({ code: 0 })
      const dockerfile = await readFile(join(context, 'Dockerfile'), 'utf8')
      expect(validate(dockerfile)).toEqual([])
      expect(await readdir(context)).toEqual(
        expect.arrayContaining(['.dockerignore', 'model.onnx', 'MODEL_CARD.md', 'lineage.json']),
      )
      await npmInstall(context)
      const command = JSON.parse(/^CMD (.*)$/m.exec(dockerfile)![1]!) as string[]
      expect(command).toEqual(['node', 'server.js'])
      const child = spawn(process.execPath, command.slice(1), {
        cwd: context,
        env: { PORT: '0', HOST: '127.0.0.1' },
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      try {
        const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string]
        const url = /http:\S+(?=\/predict)/.exec(line)![0]
        const ask = async (body: string) => {
          const response = await fetch(`${url}/predict`, { method: 'POST', body })
          return { status: response.status, ...((await response.json()) as Replied) }
        }
        const { predictions } = await ask(JSON.stringify({ records: all }))
        const refusals: Refused[] = []
        for (const record of wrong) {
          const { status, error } = await ask(JSON.stringify({ records: [all[0], record] }))
          expect(status).toBe(422)
          refusals.push({ code: error.code, message: error.message, hint: error.hint })
        }
        const answers = predictions.map(({ version, ...answer }) => {
          expect(version).toBe(1)
          return answer
        })
        expectSame({ answers, refusals }, says)
        expect(await ask('{')).toMatchObject({ status: 400, error: { code: 'NOT_JSON' } })
        expect(await ask('{"records":[]}')).toMatchObject({ status: 400, error: { code: 'BODY_INVALID' } })
        expect(await ask(`{"records":"${'x'.repeat(17 << 20)}"}`).catch(() => 'cut')).toEqual(
          expect.toSatisfy((said) => said === 'cut' || said.status === 413),
        )
        expect(await (await fetch(`${url}/ready`)).json()).toEqual({ ready: true })
      } finally {
        child.kill('SIGTERM')
        await once(child, 'exit')
      }
    },
    PATIENCE,
  )

  it.skipIf(noBrowser)(
    'answers in a browser, to the last of 32 bits but one (needs Chromium)',
    async () => {
      const { all, says } = await questionsFor('contract')
      const app = join(folder, 'browser')
      await mkdir(app)
      expect(await exported('contract', 'npm', [], app)).toMatchObject({ code: 0 })
      await npmInstall(app, './export-contract-1.0.0.tgz', `onnxruntime-web@${RUNTIME}`)
      const imports = { 'onnxruntime-web': '/node_modules/onnxruntime-web/dist/ort.wasm.bundle.min.mjs' }
      await writeFile(join(app, 'page.html'), `<script type="importmap">${JSON.stringify({ imports })}</script>`)
      const files = await serveFiles(app)
      const browser = await openBrowser()
      try {
        const page = await browser.newPage()
        await page.goto(`${files.url}/page.html`)
        // As a text: what the test runner makes of an import is none of the page's.
        const program = `import('/node_modules/export-contract/web.js').then(({ predict }) => predict(${JSON.stringify(all)}))`
        const answers: Answer[] = await page.evaluate(program)
        expect(answers.map(({ label }) => label)).toEqual(says.answers.map(({ label }) => label))
        const apart = answers.map(({ value }, i) => Math.abs(value - says.answers[i]!.value))
        expect(Math.max(...apart)).toBeLessThan(2 ** -22)
      } finally {
        await browser.close()
        files.close()
      }
    },
    PATIENCE,
  )

  it(
    'refuses a model that is not the one exported',
    async () => {
      const app = join(folder, 'damaged')
      expect(await exported('risk', 'npm', ['--out', app])).toMatchObject({ code: 0 })
      const onnx = await readFile(join(app, 'model.onnx'))
      onnx[onnx.length >> 1]! ^= 1
      await writeFile(join(app, 'model.onnx'), onnx)
      await npmInstall(app)
      const program = "import('./index.js').then(({ load }) => load()).catch((error) => console.log(error.code))"
      const { stdout } = await run(process.execPath, ['-e', program], { cwd: app })
      expect(stdout).toBe('MODEL_DAMAGED\n')
    },
    PATIENCE,
  )

  it('carries its card and its lineage, and is the same bytes every time', async () => {
    const address = `${server.url}/api/models/export-risk/versions/1/export?as=python`
    const fetched = async () => Buffer.from(await (await fetch(address)).arrayBuffer())
    const [first, second] = [await fetched(), await fetched()]
    expect(first.equals(second)).toBe(true)
    const out = join(folder, 'papers')
    expect(await exported('risk', 'python', ['--out', out])).toMatchObject({ code: 0 })
    const inside = (name: string) => readFile(join(out, 'src/export_risk', name), 'utf8')
    const version = await api.getVersion({ params: params('risk') })
    const data = await api.getDataVersion({ params: { version: version.dataVersion! } })
    expect(JSON.parse(await inside('lineage.json'))).toMatchObject({
      ...{ model: 'export-risk', version: 1, project: 'export-risk' },
      package: { sha256: version.package!.hash.replace('sha256:', '') },
      run: { id: version.run },
      data: { dataset: 'customers', number: 1, contentHash: data.contentHash },
    })
    const card = await inside('MODEL_CARD.md')
    for (const part of [
      '# export-risk, version 1',
      '| tenure | numeric |',
      '## Metrics',
      '| roc_auc |',
      data.contentHash,
      version.run!,
    ])
      expect(card).toContain(part)
  })

  it('says what is wrong: no such version, no such alias, a folder that is not empty', async () => {
    const ask = (name: string, ...args: string[]) =>
      orrery(['export', name, '--as', 'npm', '--server', server.url, '--json', ...args], { cwd: folder })
    expect(await ask('export-risk@9')).toMatchObject({ code: 1, stdout: expect.stringContaining('ORRERY_REGISTRY_') })
    expect(await ask('export-risk@best')).toMatchObject({ code: 2, stdout: expect.stringContaining('champion') })
    expect(await ask('export-risk')).toMatchObject({ code: 2 })
    expect(await ask('export-risk@1', '--out', '.')).toMatchObject({
      code: 2,
      stdout: expect.stringContaining('not empty'),
    })
  })
})

const TSC = fileURLToPath(new URL('../../node_modules/tsc-native/bin/tsc', import.meta.url))

/** Without scripts: those of the runtime would fetch libraries for a GPU. */
const npmInstall = (cwd: string, ...what: string[]) =>
  run('npm', ['install', '--ignore-scripts', '--omit=peer', '--no-audit', '--no-fund', '--loglevel=error', ...what], {
    cwd,
  })

/** A folder over HTTP, as a bundle is served. */
async function serveFiles(folder: string): Promise<{ url: string; close(): void }> {
  const types: Record<string, string> = {
    js: 'text/javascript',
    mjs: 'text/javascript',
    html: 'text/html',
    wasm: 'application/wasm',
  }
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url!, 'http://localhost')
    const bytes = await readFile(join(folder, pathname)).catch(() => undefined)
    response.writeHead(bytes ? 200 : 404, {
      'content-type': types[pathname.split('.').at(-1)!] ?? 'application/octet-stream',
    })
    response.end(bytes)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => server.close() }
}

const NODE_PROGRAM = `
import { readFileSync } from 'node:fs'
import { predict, RecordInvalid } from 'PACKAGE'
const { records, wrong } = JSON.parse(readFileSync(process.argv[2], 'utf8'))
const refusals = []
for (const record of wrong)
  try {
    await predict([records[0], record])
    throw new Error('it was answered')
  } catch (error) {
    if (!(error instanceof RecordInvalid)) throw error
    refusals.push({ code: error.code, message: error.message, hint: error.hint })
  }
console.log(JSON.stringify({ answers: await predict(records), refusals }))
`

const PYTHON_PROGRAM = `
import json, sys
from MODULE import RecordInvalid, predict
asked = json.load(open(sys.argv[1], encoding="utf-8"))
refusals = []
for record in asked["wrong"]:
    try:
        predict([asked["records"][0], record])
        raise SystemExit("it was answered")
    except RecordInvalid as error:
        refusals.append({"code": error.code, "message": str(error), "hint": error.hint})
print(json.dumps({"answers": predict(asked["records"]), "refusals": refusals}))
`
