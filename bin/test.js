// `npm test`: installs what is missing, runs every test, and closes with the real counts and what was skipped, by name.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { makeReady } from './ready.js'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
makeReady({ root })

const folder = mkdtempSync(join(tmpdir(), 'orrery-test-'))
const results = join(folder, 'results.json')
const node = join(root, 'node_modules', '.bin', 'node')
const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
const { status } = spawnSync(
  node,
  [vitest, 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${results}`, ...process.argv.slice(2)],
  { cwd: root, stdio: 'inherit' },
)
const report = readResults()
rmSync(folder, { recursive: true, force: true })
if (!report) {
  console.error('The test runner ended without results.')
  process.exit(status || 1)
}
const skipped = report.testResults.flatMap((file) =>
  file.assertionResults.filter((one) => one.status !== 'passed' && one.status !== 'failed'),
)
for (const one of skipped) console.log(`skipped: ${one.fullName}`)
console.log(`${report.numPassedTests} passed, ${report.numFailedTests} failed, ${skipped.length} skipped`)
process.exit(status ?? 1)

function readResults() {
  try {
    return JSON.parse(readFileSync(results, 'utf8'))
  } catch {
    return undefined
  }
}
