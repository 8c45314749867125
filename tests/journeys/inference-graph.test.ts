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
