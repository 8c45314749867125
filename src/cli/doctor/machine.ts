import { execFile } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { glob } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { bad, type Check, good, warn } from './check.ts'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const LEAST_NODE = 24
const run = promisify(execFile)

export function checkNode(version = process.versions.node): Check {
  if (Number(version.split('.')[0]) >= LEAST_NODE) return good('node', `Node ${version}`)
  return bad(
    'node',
    `Node ${version}; at least ${LEAST_NODE} is needed`,
    'Start Orrery through `npx orrery` or bin/orrery.js, which bring their own, or install Node 24.',
  )
}

/** Whether what is installed is what the lockfile says. An installation from a registry has no lockfile beside it. */
export function checkPackages(root = ROOT): Check {
  const lock = join(root, 'package-lock.json')
  if (!existsSync(lock)) return good('packages', 'installed as a package')
  const installed = join(root, 'node_modules', '.package-lock.json')
  if (!existsSync(installed)) return bad('packages', 'not installed', 'Run `npm ci`.')
  const wanted = packagesOf(lock)
  const present = packagesOf(installed)
  const wrong = Object.entries(wanted).filter(
    ([path, { version, optional, link }]) =>
      path.startsWith('node_modules/') && !optional && !link && present[path]?.version !== version,
  )
  const [first] = wrong
  if (!first) return good('packages', `${Object.keys(present).length} as the lockfile says`)
  return bad('packages', `${wrong.length} are not as the lockfile says, such as ${first[0].slice(13)}`, 'Run `npm ci`.')
}

function packagesOf(path: string): Record<string, { version?: string; optional?: boolean; link?: boolean }> {
  return JSON.parse(readFileSync(path, 'utf8')).packages
}

/** Whether the pages were built, and after their sources last changed. */
export async function checkPages(root = ROOT): Promise<Check> {
  const index = join(root, 'web', 'dist', 'index.html')
  const fix = 'Run `npm run build:web`.'
  if (!existsSync(index)) return warn('pages', 'not built; the API works without them', fix)
  const built = statSync(index).mtimeMs
  for await (const file of glob('web/src/**/*.{ts,tsx,css}', { cwd: root })) {
    if (!file.includes('.test.') && statSync(join(root, file)).mtimeMs > built)
      return warn('pages', `older than ${file}`, fix)
  }
  return good('pages', 'built')
}

export async function checkGit(): Promise<Check> {
  const version = await versionOf('git', '--version')
  if (version) return good('git', version)
  return warn('git', 'not found; versions will not name the commit they were trained from', 'Install git.')
}

/** Steps of a project may be Python; the built-in trainer needs none. */
export async function checkPython(): Promise<Check> {
  const [python, uv] = await Promise.all([versionOf('python3', '--version'), versionOf('uv', '--version')])
  if (python && uv) return good('python', `${python}, ${uv}`)
  const missing = [!python && 'python3', !uv && 'uv'].filter(Boolean).join(' and ')
  return warn(
    'python',
    `${missing} not found; only steps with \`environment: { python: … }\` need them`,
    `Install ${missing}; uv: https://docs.astral.sh/uv`,
  )
}

async function versionOf(command: string, ...args: string[]): Promise<string | undefined> {
  return run(command, args, { timeout: 10_000 }).then(
    ({ stdout, stderr }) => (stdout || stderr).trim().split('\n')[0],
    () => undefined,
  )
}

/** Orrery exists since 2026: an earlier clock stamps everything wrongly. */
const EARLIEST = Date.UTC(2026, 0, 1)
const LATEST = Date.UTC(2100, 0, 1)
/** Clocks are set right by small steps; an hour is none. */
const TOLERANCE_MS = 3_600_000

/** @param latest the youngest time that Orrery itself has written, ms; nothing can have happened after now */
export function checkClock(now: number, latest: number | undefined): Check {
  const shown = new Date(now).toISOString()
  const fix = 'Set the clock, or let NTP do it (`timedatectl set-ntp true`).'
  if (now < EARLIEST || now > LATEST) return bad('clock', `it is ${shown}?`, fix)
  if (latest !== undefined && latest > now + TOLERANCE_MS)
    return bad('clock', `it is ${shown}, and the database has something of ${new Date(latest).toISOString()}`, fix)
  return good('clock', shown)
}
