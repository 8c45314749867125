import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { accessRoutes } from '#access/contract'
import { deploymentRoutes } from '#deployments/contract'
import { loopRoutes } from '#loop/contract'
import { pipelineRoutes } from '#pipelines/contract'
import { createClient, type RouteContract } from '#platform/http/contract'
import { projectRoutes } from '#projects/contract'
import { registryImportRoutes, registryRoutes } from '#registry/contract'
import { servingRoutes } from '#serving/contract'
import { type RunningServer, startServer } from '../support/server.ts'
import { readings } from '../ui/project.ts'

const PROJECT_FILE = `project: lamps
data:
  readings: { source: readings.csv, label: fails, positive: "yes", time: at, segments: [hall], sensitive: [hall] }
pipeline:
  train:
    search: { trials: 2, learners: [logistic], half_life: [all] }
gates:
  - latency.p99 > 0.0 && latency.p99 < duration("1m")
  - explanation.top1 <= 1.0
  - explanation.share("hall") < 0.9
environments:
  staging: { checks: [{ requests: 50 }, { load: { rate: 200, for: 1s } }, { replay: 7d }] }
  production: { certify: [qa, admin] }
deploy:
  lamps: { strategy: { blue_green: true, clock: 1h } }
when: []
`

const FILE_AT_ONCE = PROJECT_FILE.replace('{ blue_green: true, clock: 1h }', '{ rolling: true }')

/** A project with two versions on a real server: everything that could let a version in by a side door is tried. */
describe('a version on its way to production', () => {
  let server: RunningServer
  let folder: string
  const client = <const Routes extends Record<string, RouteContract>>(routes: Routes) =>
    createClient(routes, { baseUrl: server.url })

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'orrery-lamps-'))
    await mkdir(folder, { recursive: true })
    const rows = readings(1200)
    const columns = Object.keys(rows[0]!) as (keyof (typeof rows)[0])[]
    const lines = [columns, ...rows.map((row) => columns.map((column) => row[column]))].map((cells) => cells.join(','))
    await writeFile(join(folder, 'readings.csv'), `${lines.join('\n')}\n`)
    server = await startServer()
    await client(projectRoutes).applyProject({ body: { file: PROJECT_FILE, folder, canvas: '' } })
  }, 60_000)
  afterAll(async () => {
    await server?.stop()
    await rm(folder, { recursive: true, force: true })
  })

  const record = (({ fails: _, ...features }) => features)(readings(1201)[1200]!)
  const ask = () => client(servingRoutes).predict({ params: { endpoint: 'lamps' }, body: { records: [record] } })
  const rollouts = async () =>
    (await client(deploymentRoutes).listRollouts({ params: { endpoint: 'lamps' }, query: {} })).rollouts

  async function train(): Promise<void> {
    await client(pipelineRoutes).startPipeline({ params: { project: 'lamps' }, body: { reason: 'asked' } })
    const { settled } = await client(loopRoutes).settled({ params: { project: 'lamps' }, query: { timeout: 110 } })
    expect(settled).toBe(true)
  }

  const post = async (path: string, body: object) => {
    const answer = await fetch(new URL(path, server.url), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    return { status: answer.status, text: await answer.text() }
  }

  /** Two people, as the environment asks: a token each; neither may sign twice. */
  async function certify(version: number): Promise<void> {
    const params = { model: 'lamps', version }
    const { hash, missing } = await client(registryRoutes).getCertificate({ params })
    expect(missing).toEqual(['qa', 'admin'])
    const { secret } = await client(accessRoutes).createToken({ body: { name: `quinn-${version}`, roles: ['qa'] } })
    const quinn = createClient(registryRoutes, { baseUrl: server.url, token: secret })
    expect((await quinn.certifyVersion({ params, body: { report: hash } })).state).toBe('candidate')
    await expect(quinn.certifyVersion({ params, body: {} })).rejects.toMatchObject({ status: 403 })
    expect((await client(registryRoutes).getCertificate({ params })).missing).toEqual(['admin'])
    const signed = await client(registryRoutes).certifyVersion({ params, body: { report: hash, note: 'read' } })
    expect(signed).toMatchObject({ state: 'certified', certification: { by: `quinn-${version}, local` } })
    await client(loopRoutes).settled({ params: { project: 'lamps' }, query: { timeout: 60 } })
  }

  it('answers nothing before it is signed, whichever door somebody comes through', async () => {
    await train()
    const [rollout] = await rollouts()
    expect(rollout).toMatchObject({ version: 1, state: 'awaiting_certification' })
    const { gates } = await client(registryRoutes).getVersion({ params: { model: 'lamps', version: 1 } })
    expect(gates.map(({ passed, pending }) => [passed, pending ?? false])).toEqual([
      [true, false],
      [true, false],
      [true, false],
    ])

    const doors: [door: string, refused: Promise<{ status: number; text: string }>, status: number, code: string][] = [
      [
        'an alias by MLflow',
        post('/api/2.0/mlflow/registered-models/alias', { name: 'lamps', alias: 'champion', version: '1' }),
        409,
        'roll-outs only',
      ],
      [
        'a stage by MLflow',
        post('/api/2.0/mlflow/model-versions/transition-stage', {
          ...{ name: 'lamps', version: '1', stage: 'Production', archive_existing_versions: false },
        }),
        409,
        'roll-outs only',
      ],
      [
        'deploying it onto the endpoint of the project',
        post('/api/endpoints/lamps/deploy', { model: 'lamps', version: 1 }),
        409,
        'ORRERY_DEPLOYMENTS_ENDPOINT_OF_PROJECT',
      ],
      [
        'skipping',
        post('/api/endpoints/lamps/rollout', { action: 'skip', reason: 'now' }),
        409,
        'ORRERY_DEPLOYMENTS_ROLLOUT_NOT_LIVE',
      ],
      [
        'going back to it',
        post('/api/endpoints/lamps/roll-back', { reason: 'now' }),
        409,
        'ORRERY_DEPLOYMENTS_NOTHING_BEFORE',
      ],
    ]
    for (const [door, refused, status, code] of doors) {
      const answer = await refused
      expect([door, answer.status], answer.text).toEqual([door, status])
      expect(answer.text).toContain(code)
    }
    await expect(
      client(registryRoutes).setAlias({ params: { model: 'lamps', alias: 'champion' }, body: { version: 1 } }),
    ).rejects.toMatchObject({ code: 'ORRERY_REGISTRY_SET_BY_ROLLOUTS' })

    // An endpoint of its own in production is made, and waits for the same signature.
    const side = { endpoint: 'side' }
    await client(deploymentRoutes).deployVersion({ params: side, body: { model: 'lamps', version: 1 } })
    // Another registry's word changes nothing.
    const model = await client(registryRoutes).getModel({ params: { model: 'lamps' } })
    await client(registryImportRoutes).importModel({
      body: {
        ...{ name: 'lamps', description: '', tags: {}, createdAt: model.createdAt, updatedAt: model.updatedAt + 1e6 },
        ...{ versions: [], aliases: { champion: 1 } },
      },
    })
    // A file with another strategy is about what comes, not about what waits.
    await client(projectRoutes).applyProject({ body: { file: FILE_AT_ONCE, folder, canvas: '' } })
    await client(projectRoutes).applyProject({ body: { file: PROJECT_FILE, folder, canvas: '' } })

    await client(loopRoutes).settled({ params: { project: 'lamps' }, query: { timeout: 60 } })
    expect((await rollouts())[0]!.state).toBe('awaiting_certification')
    for (const endpoint of ['lamps', 'side'])
      await expect(
        client(servingRoutes).predict({ params: { endpoint }, body: { records: [record] } }),
      ).rejects.toMatchObject({ status: 503 })
    expect((await client(registryRoutes).getModel({ params: { model: 'lamps' } })).aliases.champion).toBeUndefined()
  }, 120_000)

  it('takes the signatures of different people, and switches and goes back under load without one failed request', async () => {
    await certify(1)
    expect((await rollouts()).find(({ version }) => version === 1)).toMatchObject({ state: 'promoted' })
    const named = { records: [record], ids: ['lamp-1'] }
    const { predictions } = await client(servingRoutes).predict({ params: { endpoint: 'lamps' }, body: named })
    expect(predictions[0]).toMatchObject({ id: 'lamp-1', version: 1 })
    await train()

    const seen: { at: number; version: number }[] = []
    let failed = 0
    let asking = true
    const callers = Array.from({ length: 64 }, async () => {
      while (asking)
        try {
          seen.push({ version: (await ask()).predictions[0]!.version, at: performance.now() })
        } catch {
          failed++
        }
    })
    await sleep(300)
    await certify(2)
    while (!seen.some(({ version }) => version === 2)) await sleep(20)
    await sleep(500)
    expect((await rollouts())[0]).toMatchObject({ version: 2, state: 'baking', strategy: 'blue_green' })

    const asked = performance.now()
    const { champion } = await client(deploymentRoutes).rollBack({
      params: { endpoint: 'lamps' },
      body: { reason: 'complaints' },
    })
    const answered = performance.now()
    await sleep(700)
    asking = false
    await Promise.all(callers)
    const last = Math.max(
      ...seen.filter(({ version, at }) => version === 2 && at > asked).map(({ at }) => at),
      answered,
    )
    console.log(
      `roll-back under 64 connections: the call took ${(answered - asked).toFixed(0)} ms, the last answer of v2 came ${(last - asked).toFixed(0)} ms after it was asked for; ${seen.length} answers, ${failed} failed`,
    )
    expect(champion).toBe(1)
    expect(failed).toBe(0)
    // What was asked after the roll-back was answered by the version before.
    expect(seen.filter(({ at }) => at > last).every(({ version }) => version === 1)).toBe(true)
    expect(seen.at(-1)!.version).toBe(1)
    expect((await rollouts())[0]).toMatchObject({
      state: 'aborted',
      history: expect.arrayContaining([expect.objectContaining({ by: 'local' })]),
    })
  }, 180_000)

  it('tells in plan that somebody went back from what the file leads to', async () => {
    const { rollouts: all } = await client(deploymentRoutes).listRollouts({ params: { endpoint: 'lamps' }, query: {} })
    expect(all[0]!.state).toBe('aborted')
    const plan = () => client(projectRoutes).planProject({ body: { file: PROJECT_FILE, folder, canvas: '' } })
    // It was ended before it was promoted: the file leads to v1, which answers. `side` was deployed by hand.
    const byHand = { endpoint: 'side', what: 'endpoint', why: 'deployed by hand (orrery deploy)' }
    expect((await plan()).drift).toMatchObject([byHand])
    await client(projectRoutes).applyProject({ body: { file: FILE_AT_ONCE, folder, canvas: '' } })
    await train()
    await certify(3)
    await client(deploymentRoutes).rollBack({ params: { endpoint: 'lamps' }, body: { reason: 'too many alarms' } })
    const { drift, changes } = await client(projectRoutes).planProject({
      body: { file: FILE_AT_ONCE, folder, canvas: '' },
    })
    expect(changes).toEqual([])
    expect(drift).toMatchObject([
      { endpoint: 'lamps', what: 'version', server: 'v1 answers', why: 'local rolled back from v3: too many alarms' },
      byHand,
    ])
    const overview = await client(loopRoutes).overview({ params: { project: 'lamps' } })
    expect(overview.drift).toEqual(drift)
  }, 120_000)
})
