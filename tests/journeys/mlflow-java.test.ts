import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connect, type Server } from '../../src/cli/server.ts'
import { HAS_JAVA, runJava } from '../support/java.ts'
import { type RunningServer, startServer } from '../support/server.ts'

/*
 * The real Java client, `org.mlflow:mlflow-client`, against a real server: tracking and registry. What the client sees is
 * asserted in the program; here, that the same runs and versions are Orrery's own.
 */

const PATIENCE = 10 * 60_000

describe.skipIf(!HAS_JAVA)('the mlflow client for Java (needs a JDK and Maven)', () => {
  let server: RunningServer
  let api: Server
  let made: { experiment: string; run: string }
  beforeAll(async () => {
    server = await startServer()
    api = connect(server.url)
    const printed = await runJava('MlflowJavaClient', [server.url])
    made = JSON.parse(printed.trimEnd().split('\n').at(-1)!)
  }, PATIENCE)
  afterAll(async () => {
    await server?.stop()
  })

  it('leaves runs that are Orrery’s own', async () => {
    expect(await api.getRun({ params: { run: made.run } })).toMatchObject({
      ...{ experiment: 'java', experimentId: made.experiment, state: 'finished', deletedAt: null },
      params: { depth: '6', rate: '0.1' },
      metrics: { loss: 0.2, auc: 0.8, diverged: null },
      tags: { note: 'first', team: 'green' },
    })
  })

  it('leaves versions that are Orrery’s own', async () => {
    const { versions } = await api.listVersions({ params: { model: 'beans' } })
    expect(versions.map(({ version, stage, run }) => [version, stage, run])).toEqual([
      [3, 'none', made.run],
      [2, 'production', made.run],
      [1, 'none', made.run],
    ])
    const { periods } = await api.productionHistory({ params: { model: 'beans' } })
    expect(periods).toMatchObject([{ version: 2, as: 'production', until: null }])
  })
})
