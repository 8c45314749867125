import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { connect } from '../../src/cli/server.ts'
import { type RunningServer, startServer } from '../support/server.ts'
import { orrery } from './orrery.ts'

describe('orrery seed', { timeout: 300_000 }, () => {
  let folder: string
  let server: RunningServer
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'orrery-seed-'))
    server = await startServer({ home: join(folder, 'home') })
  })
  afterEach(async () => {
    await server.stop()
    await rm(folder, { recursive: true, force: true })
  })

  const seed = (scenario: string) =>
    orrery(['seed', scenario, '--json', '--server', server.url], { cwd: folder, endAfterMs: 250_000 })

  it('waiting-for-qa: traffic on a first version, and a candidate that only a person can let on', async () => {
    const { code, stdout, stderr } = await seed('waiting-for-qa')
    expect(code, stderr).toBe(0)
    const { project, endpoint, predictions, needs, summary } = JSON.parse(stdout)
    expect(predictions).toBeGreaterThan(1_000)
    expect(summary).toMatchObject({ state: 'waits for you', champion: 1, predictions, failed: 0 })
    expect(needs).toMatchObject([{ kind: 'certify', version: 2 }])
    const api = connect(server.url)
    // What it signed with is not left behind.
    expect((await api.listTokens()).tokens.every((token) => token.revokedAt !== null)).toBe(true)
    expect((await api.overview({ params: { project } })).simulated).toBe(true)
    expect((await api.getEndpoint({ params: { endpoint } })).traffic.stable).toEqual([{ version: 1, weight: 1 }])

    const again = await seed('fresh-model')
    expect(again.code).toBe(3)
    expect(JSON.parse(again.stdout).error).toMatchObject({ code: 'ORRERY_SEED_ALREADY_THERE' })
  })

  it('drifted-model: an alert is open, and the retraining it set off is on its way', async () => {
    const { code, stdout, stderr } = await seed('drifted-model')
    expect(code, stderr).toBe(0)
    const { project, endpoint, summary } = JSON.parse(stdout)
    expect(summary).toMatchObject({ failed: 0, openAlerts: 1 })
    expect(summary.retrainings).toBeGreaterThanOrEqual(1)
    const api = connect(server.url)
    const { alerts } = await api.listAlerts({ query: { project, open: 'yes' } })
    expect(alerts).toMatchObject([{ pipelineRun: expect.any(String), champion: summary.champion }])
    // The price campaign before it was seen, and is past.
    const { points } = await api.monitorSeries({ params: { endpoint }, query: {} })
    expect(Math.max(...points.map((point) => point.drift?.score ?? 0))).toBeGreaterThan(1)
  })
})
