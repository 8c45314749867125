import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BIN, orrery } from './orrery.ts'

const TABLE = 'when,what\n2026-01-01,1\n2026-01-02,2\n'
const SHA256 = createHash('sha256').update(TABLE).digest('hex')

describe('npm run demo', { timeout: 240_000 }, () => {
  let folder: string
  let web: Server
  let url: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'orrery-demo-'))
    web = createServer((request, response) => {
      if (request.url === '/table.csv') response.end(TABLE)
      else response.writeHead(404).end()
    }).listen(0, '127.0.0.1')
    await new Promise((resolve) => web.once('listening', resolve))
    url = `http://127.0.0.1:${(web.address() as { port: number }).port}`
  })
  afterAll(async () => {
    web.close()
    await rm(folder, { recursive: true, force: true })
  })

  it('tells the life of a model, one JSON object a line, and ends with what it came to', async () => {
    const home = join(folder, 'home')
    const args = ['demo', '--json', '--rows', '300', '--home', home]
    const { code, stdout, stderr } = await orrery(args, { cwd: folder, endAfterMs: 200_000 })
    expect(stderr).toBe('')
    expect(code).toBe(0)
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    const summary = lines.pop()!
    expect(Object.keys(summary)).toEqual([
      ...['world', 'rows', 'metric', 'static', 'loop', 'byPart', 'retrainings', 'promotions', 'rollbacks'],
      ...['predictions', 'failed', 'alerts', 'seconds', 'predictionId'],
    ])
    expect(summary).toMatchObject({
      world: 'simulated-telecom',
      rows: 300,
      predictions: 300,
      failed: 0,
      metric: 'roc_auc',
    })
    expect(summary.loop).toBeGreaterThan(0.7)
    expect(summary.byPart).toMatchObject([{ part: '2025-01', rows: 300 }])
    expect(summary.predictionId).toMatch(/^simulated-telecom-\d+$/)

    const events = lines.map((line) => line.event)
    const inOrder = ['started', 'applied', 'data_version', 'trained', 'evaluated', 'version_registered']
    const born = [...inOrder, 'release_checked', 'version_certified', 'promoted', 'traffic', 'world']
    expect(events.filter((event) => born.includes(String(event)))).toEqual(expect.arrayContaining(born))
    expect(born.map((event) => events.indexOf(event))).toEqual(
      born.map((event) => events.indexOf(event)).sort((a, b) => a - b),
    )
    expect(lines.filter((line) => line.event === 'chapter').map((line) => line.chapter)).toEqual([
      1, 2, 3, 4, 5, 6, 7, 8,
    ])
    expect(lines.find((line) => line.event === 'started')).toMatchObject({ simulated: true })
    expect(lines.find((line) => line.event === 'features_kept')).toMatchObject({ view: 'market', entities: 6 })
    expect(lines.find((line) => line.event === 'version_certified')).toMatchObject({ by: 'qa', automatic: true })
    // Its server has gone with it.
    expect(await readdir(home)).not.toContain('server.json')
  })

  it('leaves its server running with --keep, until it is told to stop', async () => {
    const args = ['demo', '--keep', '--json', '--rows', '30', '--home', join(folder, 'kept')]
    const child = spawn(process.execPath, [BIN, ...args], { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] })
    const exit = once(child, 'exit')
    let url = ''
    for await (const line of createInterface({ input: child.stdout })) {
      const told = JSON.parse(line)
      if (told.event === 'started') url = told.url
      if (told.predictionId === undefined) continue
      const trace = await fetch(`${url}/api/trace/${told.predictionId}`)
      expect(trace.status).toBe(200)
      // The request said neither: one is computed from it and from the view that is kept online.
      const logged = await fetch(`${url}/api/predictions/${told.predictionId}`)
      const { inputs } = (await logged.json()) as { inputs: Record<string, number | string> }
      const coverage = inputs.region === 'highlands' ? 0.05 : expect.closeTo(0.8, 0)
      expect(inputs.competitor_coverage).toEqual(coverage)
      expect(inputs.charge_in_reach).toBe(Number(inputs.monthly_charge) * Number(inputs.competitor_coverage))
      child.kill('SIGINT')
    }
    expect(await exit).toEqual([0, null])
    await expect(fetch(`${url}/health`)).rejects.toThrow('fetch failed')
  })

  it.each([
    ['a table it does not know', () => ['--data', join(folder, 'own.csv')], 2, /no table the demo knows/],
    ['a file that is not there', () => ['--data', join(folder, 'nowhere.csv')], 3, /ORRERY_DATA_\w+ {2}.*nowhere\.csv/],
    ['a URL without its hash', () => ['--data', `${url}/table.csv`], 3, /sha256/],
    [
      'a URL whose content was altered',
      () => ['--data', `${url}/table.csv`, '--sha256', '0'.repeat(64)],
      3,
      new RegExp(SHA256),
    ],
    ['a URL that has nothing', () => ['--data', `${url}/gone.csv`, '--sha256', SHA256], 3, /answered 404/],
    [
      'a URL nobody answers',
      () => ['--data', 'http://127.0.0.1:9/t.csv', '--sha256', SHA256],
      3,
      /ORRERY_DATA_SOURCE_UNREACHABLE/,
    ],
    [
      'the right content from a URL, of a table it does not know',
      () => ['--data', `${url}/table.csv`, '--sha256', SHA256],
      2,
      /no table the demo knows/,
    ],
    ['a home that is somebody’s', () => ['--home', folder], 2, /is not empty/],
    ['a seed that is no number', () => ['--seed', 'seven'], 2, /--seed seven is no whole number/],
  ])('refuses %s', async (_, args, expected, words) => {
    await writeFile(join(folder, 'own.csv'), TABLE)
    const { code, stderr } = await orrery(['demo', ...args()], { cwd: folder })
    expect(stderr).toMatch(words)
    expect(code).toBe(expected)
  })
})
