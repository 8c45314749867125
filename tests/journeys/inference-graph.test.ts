import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connect, type Server } from '../../src/cli/server.ts'
import { orrery } from '../cli/orrery.ts'
import { type RunningServer, startServer } from '../support/server.ts'

/* Versions that answer together: put together, deployed, asked, and traced part by part. */

const PATIENCE = 5 * 60_000
const projectOf = (name: string, split: number) => `project: ${name}
data:
  customers:
    source: customers.csv
    label: churned
    positive: "yes"
    split: { by: random, seed: ${split}, train: 70%, validation: 15%, test: 15% }
pipeline:
  train: { use: builtin/tabular, search: { trials: 2 } }
deploy:
  ${name}: { environment: staging }
environments:
  staging: {}
`

function table(seed: number): string {
  let state = seed
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
  const lines = Array.from({ length: 600 }, () => {
    const [tenure, charges] = [Math.floor(random() * 72), 20 + random() * 100]
    const plan = random() < 0.5 ? 'monthly' : 'yearly'
    const chance = 1 / (1 + Math.exp(tenure / 20 - charges / 40 + (plan === 'monthly' ? -1 : 0.5)))
    return `${tenure},${charges.toFixed(2)},${plan},${random() < chance ? 'yes' : 'no'}`
  })
  return `tenure,charges,plan,churned\n${lines.join('\n')}\n`
}

describe('an inference graph', () => {
  let folder: string
  let server: RunningServer
  let api: Server
  const at = () => ['--server', server.url]
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'orrery-graph-'))
    server = await startServer({ home: join(folder, 'home') })
    api = connect(server.url)
    for (const [i, name] of ['alpha', 'beta'].entries()) {
      await mkdir(join(folder, name))
      await writeFile(join(folder, name, 'customers.csv'), table(i + 1))
      await writeFile(join(folder, name, 'orrery.yaml'), projectOf(name, i + 1))
      const where = ['--file', join(folder, name, 'orrery.yaml'), ...at()]
      expect(await orrery(['apply', ...where])).toMatchObject({ code: 0 })
      expect(await orrery(['run', ...where], { endAfterMs: PATIENCE })).toMatchObject({ code: 0 })
    }
  }, PATIENCE)
  afterAll(async () => {
    await server?.stop()
    if (folder) await rm(folder, { recursive: true, force: true })
  })

  async function compose(model: string, yaml: string) {
    await writeFile(join(folder, 'graph.yaml'), yaml)
    const { code, stdout, stderr } = await orrery(['compose', model, join(folder, 'graph.yaml'), '--json', ...at()])
    return { code, made: code === 0 ? JSON.parse(stdout) : undefined, said: stdout + stderr }
  }
  const ask = async (endpoint: string, records: Record<string, number | string>[]) =>
    (await api.predict({ params: { endpoint }, body: { records } })).predictions

  it('is one version of several: deployed, and each answer tells its parts', async () => {
    const { made, said } = await compose(
      'together',
      `parts: { first: alpha@1, second: beta@1 }
answer:
  switch:
    - { when: 'plan == "yearly" && tenure < 12', use: first }
    - use: { combine: [first, second], by: average, weights: [3, 1] }
`,
    )
    expect(made, said).toEqual({ model: 'together', version: 1 })
    const version = await api.getVersion({ params: { model: 'together', version: 1 } })
    expect(version).toMatchObject({ package: { format: 'graph' }, tags: { 'orrery.graph': expect.any(String) } })
    await api.deployVersion({
      params: { endpoint: 'together' },
      body: { model: 'together', version: 1, environment: 'staging' },
    })

    const records = [
      { tenure: 3, charges: 90, plan: 'yearly' },
      { tenure: 3, charges: 90, plan: 'monthly' },
    ]
    const [first, second, all] = [
      await ask('alpha', records),
      await ask('beta', records),
      await ask('together', records),
    ]
    expect(all[0]!.value).toBeCloseTo(first[0]!.value, 6)
    expect(all[1]!.value).toBeCloseTo((3 * first[1]!.value + second[1]!.value) / 4, 6)

    const logged = await Promise.all(all.map(({ id }) => api.getPrediction({ params: { id } })))
    expect(Object.keys(logged[0]!.scores)).toEqual(['1', '1:first'])
    expect(Object.keys(logged[1]!.scores)).toEqual(['1', '1:first', '1:second'])
    expect(logged[1]!.scores['1:second']).toBeCloseTo(second[1]!.value, 6)
  })

  it(
    'is declared in a project file: judged on its rows, rolled out, explained, and switched by a header',
    async () => {
      const folderOf = join(folder, 'gamma')
      await mkdir(folderOf)
      await writeFile(join(folderOf, 'customers.csv'), table(3))
      const file = join(folderOf, 'orrery.yaml')
      const where = ['--file', file, ...at()]
      const graphOf = (second: string) => `  gamma-all:
    environment: staging
    strategy: { rolling: true }
    graph:
      parts: { first: alpha@1, second: ${second}, own: gamma@1 }
      inputs: { tier: { header: x-tier } }
      answer:
        switch:
          - { when: 'tier == "gold"', use: first }
          - { when: 'plan == "yearly"', use: { combine: [first, second], weights: [1, 3] } }
          - use: own
`
      const project = projectOf('gamma', 3)
      const written = (second: string) => project.replace('environments:', `${graphOf(second)}environments:`)
      await writeFile(file, written('beta@1'))
      expect(await orrery(['apply', ...where])).toMatchObject({ code: 0 })
      // Its own part is not there yet: the plan says what the graph waits for, and nothing was made.
      const waiting = async () => JSON.parse((await orrery(['plan', '--json', ...where])).stdout).drift
      await expect
        .poll(waiting, { timeout: 60_000, interval: 300 })
        .toMatchObject([
          { endpoint: 'gamma-all', what: 'graph', server: 'no version', why: expect.stringContaining('gamma') },
        ])
      expect(await orrery(['run', ...where], { endAfterMs: PATIENCE })).toMatchObject({ code: 0 })
      const champion = async () => (await api.getEndpoint({ params: { endpoint: 'gamma-all' } })).champion
      await expect.poll(champion, { timeout: PATIENCE, interval: 300 }).toBe(1)
      expect(await waiting()).toEqual([])
      const version = await api.getVersion({ params: { model: 'gamma-all', version: 1 } })
      expect(version).toMatchObject({ project: 'gamma', endpoint: 'gamma-all', package: { format: 'graph' } })
      expect(version.gates.length).toBeGreaterThan(0)
      expect(version.report!.n).toBeGreaterThan(50)
      // A run sends its version to what is trained, and an apply that changes nothing makes no version.
      expect((await api.getVersion({ params: { model: 'gamma', version: 1 } })).endpoint).toBe('gamma')
      expect(await orrery(['apply', ...where])).toMatchObject({ code: 0 })

      const record = { tenure: 3, charges: 90, plan: 'monthly' }
      const asked = async (headers: Record<string, string>, records: unknown[]) => {
        const reply = await fetch(`${server.url}/predict/gamma-all`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', ...headers },
          body: JSON.stringify({ records, explain: true }),
        })
        expect(reply.status, await reply.clone().text()).toBe(200)
        return ((await reply.json()) as { predictions: { id: string; value: number; contributions: unknown[] }[] })
          .predictions
      }
      const [alone, own] = [(await ask('alpha', [record]))[0]!.value, (await ask('gamma', [record]))[0]!.value]
      const [gold] = await asked({ 'x-tier': 'gold' }, [record])
      const [plain] = await asked({}, [record])
      expect(gold!.value).toBeCloseTo(alone, 6)
      expect(plain!.value).toBeCloseTo(own, 6)
      expect(gold!.contributions.length).toBeGreaterThan(2)
      const logged = await api.getPrediction({ params: { id: gold!.id } })
      expect(logged.inputs).toEqual({ ...record, tier: 'gold' })
      expect(Object.keys(logged.scores)).toEqual(['1', '1:first'])
      const openapi = (await (await fetch(`${server.url}/api/endpoints/gamma-all/openapi.json`)).json()) as {
        paths: Record<string, { post: { parameters: { name: string }[] } }>
        components: { schemas: { Record: { required: string[] } } }
      }
      expect(openapi.paths['/predict/gamma-all']!.post.parameters.map(({ name }) => name)).toContain('x-tier')
      expect(openapi.components.schemas.Record.required).toEqual(['tenure', 'charges', 'plan'])

      // Another part is another version; going back to the first graph is one more.
      for (const [next, second] of [
        [2, 'alpha@1'],
        [3, 'beta@1'],
      ] as const) {
        await writeFile(file, written(second))
        expect(JSON.parse((await orrery(['plan', '--json', ...where])).stdout).changes).toMatchObject([
          { path: 'deploy.gamma-all.graph.parts.second' },
        ])
        expect(await orrery(['apply', ...where])).toMatchObject({ code: 0 })
        await expect.poll(champion, { timeout: PATIENCE, interval: 300 }).toBe(next)
      }
      expect((await api.listVersions({ params: { model: 'gamma-all' } })).versions.map((one) => one.version)).toEqual([
        3, 2, 1,
      ])
      const refused = await fetch(`${server.url}/api/models/gamma-all/versions/1/export?as=npm`)
      expect(await refused.json()).toMatchObject({ error: { hint: expect.stringContaining('Export its parts') } })
    },
    PATIENCE,
  )

  it.each([
    ['a part that is not there', 'parts: { first: alpha@9 }\nanswer: first', 'alpha'],
    ['a step of no part', 'parts: { first: alpha@1 }\nanswer: { chain: [first, nobody] }', 'nobody'],
    ['a file that is none', 'parts: [alpha@1]', 'is no inference graph'],
  ])('is refused with %s, and leaves nothing behind', async (_, yaml, words) => {
    const { code, said } = await compose('nothing', yaml)
    expect(code).not.toBe(0)
    expect(said).toContain(words)
    await expect(api.getModel({ params: { model: 'nothing' } })).rejects.toMatchObject({ status: 404 })
  })
})
