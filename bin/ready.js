// Installs what the lockfile says, when it is not there yet: a fresh clone needs one command, not two.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Puts packages and pages in place; prints nothing when there is nothing to do. */
export function makeReady({ root, quiet = false, pages = true }) {
  if (!existsSync(join(root, 'package-lock.json'))) return
  const installed = join(root, 'node_modules', '.package-lock.json')
  if (!existsSync(installed) || statSync(installed).mtimeMs < statSync(join(root, 'package-lock.json')).mtimeMs) {
    if (!sameLock(root, installed))
      step('Installing packages (once)', ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'])
  }
  if (pages && pagesAreStale(root))
    step('Building the pages (once per change)', ['run', 'build', '-w', 'web', '--silent', '--', '--logLevel', 'warn'])

  function step(what, args) {
    if (!quiet) console.error(`${what} …`)
    const { status } = spawnSync('npm', args, {
      cwd: root,
      stdio: ['ignore', quiet ? 'ignore' : 2, 2],
      shell: process.platform === 'win32',
    })
    if (status !== 0) {
      console.error(`\`npm ${args.join(' ')}\` failed. Check that a package registry can be reached, then try again.`)
      process.exit(3)
    }
  }
}

/** Whether the pages were never built, or what they are built from is younger than they are. */
function pagesAreStale(root) {
  const web = join(root, 'web')
  if (!existsSync(join(web, 'index.html'))) return false
  const built = join(web, 'dist', 'index.html')
  if (!existsSync(built)) return true
  const since = statSync(built).mtimeMs
  const sources = [
    join(web, 'index.html'),
    ...filesIn(join(web, 'src')),
    ...filesIn(join(root, 'src')).filter((file) => file.endsWith('contract.ts')),
  ]
  return sources.some((file) => statSync(file).mtimeMs > since)
}

function filesIn(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
}

/** A checkout touches the lockfile's time without changing it: compare what is installed before installing again. */
function sameLock(root, installed) {
  if (!existsSync(installed)) return false
  const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages
  const present = JSON.parse(readFileSync(installed, 'utf8')).packages
  return Object.entries(wanted).every(
    ([path, entry]) =>
      path === '' ||
      entry.link ||
      entry.optional ||
      !path.startsWith('node_modules/') ||
      present[path]?.version === entry.version,
  )
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  makeReady({ root: join(dirname(fileURLToPath(import.meta.url)), '..') })
