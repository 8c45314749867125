/**
 * Fuzzes the routes of MLflow with schemathesis, from the server's own OpenAPI document: whatever is sent, nothing may be
 * answered with 500.
 *
 *     node bench/tracking/fuzz.ts [--minutes 10] [--seed 1]
 *
 * Needs `uv`, which runs schemathesis from PyPI in an environment of its own. Ends with 1 when something was found; the
 * requests to repeat it are printed.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { parseArgs } from 'node:util'
import { startServer } from '../../tests/support/server.ts'

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '10' }, seed: { type: 'string', default: '1' } },
})
const SCHEMATHESIS = 'schemathesis==4.32.5'

const server = await startServer()
try {
  const child = spawn(
    'uvx',
    [
      ...['--from', SCHEMATHESIS, 'schemathesis', 'run', `${server.url}/openapi.json`],
      // What is refused with 501 on purpose would be taken for a failure.
      ...['--include-path-regex', '/mlflow|^/get-artifact', '--exclude-path-regex', '/mpu/|/presigned/'],
      // A made-up token would be refused before anything is read.
      ...['--generation-with-security-parameters', 'false'],
      ...['--checks', 'not_a_server_error', '--phases', 'coverage,fuzzing'],
      ...['--max-examples', '1000000', '--max-time', String(Number(values.minutes) * 60), '--seed', values.seed],
      ...['--continue-on-failure', '--no-color', '--suppress-health-check', 'all'],
    ],
    // It keeps what it found in the folder it runs in.
    { stdio: 'inherit', cwd: server.home },
  )
  const [code] = await once(child, 'exit')
  const alive = await fetch(`${server.url}/health`).then(
    ({ ok }) => ok,
    () => false,
  )
  if (!alive) console.error('The server does not answer any more:\n', server.words())
  process.exitCode = code === 0 && alive ? 0 : 1
} finally {
  await server.stop()
}
