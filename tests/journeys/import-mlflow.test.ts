import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { PythonEnvironment } from '../../src/pipelines/python.ts'
import { BIN, orrery } from '../cli/orrery.ts'
import { type Original, originalPython, startOriginal } from '../support/original.ts'
import { HAS_PYTHON } from '../support/python.ts'
import { type RunningServer, startServer } from '../support/server.ts'

/*
 * A real MLflow server and a real mlruns folder, filled by the real client, brought over while the import and the server
 * are killed again and again; then both are compared through the client, value by value.
 */

const FILL = fileURLToPath(new URL('import_fill.py', import.meta.url))
const COMPARE = fileURLToPath(new URL('import_compare.py', import.meta.url))
const PATIENCE = 15 * 60_000
const KILLS = 6
const run = promisify(execFile)

describe.skipIf(!HAS_PYTHON)('an MLflow brought over (needs python3, 3.11 or later)', () => {
  let folder: string
  let python: PythonEnvironment
  let original: Original
  let server: RunningServer | undefined
  let mlruns: string
  const inPython = (script: string, args: readonly string[], env: Record<string, string> = {}) =>
    run('python', [script, ...args], {
      cwd: folder,
      env: {
        ...process.env,
        ...python.env,
        MLFLOW_DISABLE_TELEMETRY: 'true',
        MLFLOW_ALLOW_FILE_STORE: 'true',
        MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT: 'true',
        MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR: 'false',
        ...env,
      },
      maxBuffer: 64 * 1024 * 1024,
    })

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'orrery-import-'))
    mlruns = join(folder, 'mlruns')
    python = await originalPython()
    original = await startOriginal(python, folder)
    await inPython(FILL, [], { MLFLOW_TRACKING_URI: original.url })
    await inPython(FILL, [], { MLFLOW_TRACKING_URI: `file://${mlruns}` })
  }, PATIENCE)
  afterAll(async () => {
    await server?.stop()
    await original?.stop()
    await rm(folder, { recursive: true, force: true, maxRetries: 5 })
  })

  interface Outcome {
    agrees: boolean
    differences: { what: string; reason: string }[]
    counts: Record<string, { source: number; here: number; brought: number }>
  }
  const importing = async (source: readonly string[], more: readonly string[] = []) => {
    const args = ['import', 'mlflow', ...source, '--server', server!.url, '--json', ...more]
    const { code, stdout, stderr } = await orrery(args, { endAfterMs: 120_000 })
    return { code, stderr, outcome: JSON.parse(stdout.trim().split('\n').at(-1)!) as Outcome }
  }
  /** An import that has opened its source and begins to bring. */
  const startImport = async (source: readonly string[]): Promise<ChildProcess> => {
    const args = [BIN, 'import', 'mlflow', ...source, '--server', server!.url]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] })
    await once(child.stdout!, 'data')
    return child
  }
  const freshServer = async () => {
    await server?.stop()
    server = await startServer()
  }

  const sources = {
    'its tracking server': () => ({ args: [original.url], uri: original.url }),
    'its database, read only': () => ({
      args: [`sqlite:///${original.database}`, '--artifacts', original.artifacts],
      uri: original.url,
    }),
    'an mlruns folder': () => ({ args: [mlruns], uri: `file://${mlruns}` }),
  }
  for (const [name, source] of Object.entries(sources)) {
    it(
      `from ${name}, killed ${KILLS} times: all of it, once`,
      async () => {
        await freshServer()
        const { args, uri } = source()
        let killed = 0
        for (let n = 0; n < KILLS; n++) {
          const child = await startImport(args)
          const exit = once(child, 'exit')
          // All of it takes from half a second to two.
          await sleep(Math.random() * 500)
          if (child.exitCode === null) killed++
          child.kill('SIGKILL')
          await exit
        }
        expect(killed).toBeGreaterThan(0)
        const { code, outcome, stderr } = await importing(args)
        expect(outcome.differences ?? stderr).toEqual([])
        expect(code).toBe(0)
        expect(outcome.counts.runs).toMatchObject({ source: 70, here: 70 })
        // Of `same` both points; `loss` twice, `acc`, NaN and infinities; the deleted and the running run's; the many.
        expect(outcome.counts['metric points']!.source).toBe(2_000 + 3 + 1 + 2 + 1 + 1 + 1 + 1 + 60 * 180)
        expect(outcome.counts['model versions']).toMatchObject({ source: 2, here: 2 })

        const again = await importing(args)
        expect(again.code).toBe(0)
        expect(Object.values(again.outcome.counts).map(({ brought }) => brought)).toEqual(
          Object.keys(again.outcome.counts).map(() => 0),
        )

        const { stdout } = await inPython(COMPARE, [uri, server!.url])
        const compared = JSON.parse(stdout.trimEnd().split('\n').at(-1)!)
        expect(compared.differences).toEqual([])
        expect(compared.compared).toBe(4 + 70 + 1 + 2 + 2 + 1)
      },
      PATIENCE,
    )
  }

  it(
    'goes on when the server it fills is killed and started again',
    async () => {
      const home = await mkdtemp(join(tmpdir(), 'orrery-home-'))
      await server?.stop()
      server = await startServer({ home })
      const going = importing([original.url])
      await sleep(900)
      const port = Number(new URL(server.url).port)
      await server.kill()
      server = await startServer({ home, port })
      const { code, outcome } = await going
      expect(outcome.differences).toEqual([])
      expect(code).toBe(0)
      await server.stop()
      server = undefined
      await rm(home, { recursive: true })
    },
    PATIENCE,
  )

  it(
    'brings only what is new, and follows what changed',
    async () => {
      await freshServer()
      await importing([original.url])
      const { stdout } = await inPython('-c', [
        `import mlflow
client = mlflow.MlflowClient("${original.url}")
one = client.create_run(client.get_experiment_by_name("forest").experiment_id, run_name="later").info.run_id
client.log_metric(one, "m", 1)
running = [r for r in client.search_runs(["1"], "attributes.run_name = 'running'")][0].info.run_id
client.log_metric(running, "m", 0.5, step=7)
client.log_text(running, "hello", "new.txt")
client.set_terminated(running)
print(running)`,
      ])
      const { code, outcome } = await importing([original.url])
      expect(code).toBe(0)
      expect(outcome.counts.runs!.brought).toBe(1)
      expect(outcome.counts['metric points']!.brought).toBe(2)
      expect(outcome.counts.artifacts!.brought).toBe(1)
      const answer = await fetch(`${server!.url}/api/runs/${stdout.trim()}`)
      expect(await answer.json()).toMatchObject({ state: 'finished', metrics: { m: 0.5 } })
    },
    PATIENCE,
  )
})
