#!/usr/bin/env node
// Plain JavaScript on purpose: this file runs on whatever Node is on the PATH and hands over to Node 24.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import module from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { makeReady } from './ready.js'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const wanted = 24
const KEPT_AFTER_MS = 10_000
const args = process.argv.slice(2)
/** Commands that are quick, or show no pages: looking through the sources of the pages would be seen. */
const WITHOUT_PAGES = ['data', 'check', 'serve']

makeReady({ root, quiet: args.includes('--json'), pages: !WITHOUT_PAGES.includes(args[0] ?? '') })

if (Number(process.versions.node.split('.')[0]) >= wanted) {
  // Half of a start is reading types away: what Node makes of our files is kept for the next one.
  module.enableCompileCache(join(root, 'node_modules', '.cache', 'orrery'))
  // It is written when the process ends; a server that is killed later on has left it by then.
  setTimeout(() => module.flushCompileCache(), KEPT_AFTER_MS).unref()
  await import('../src/main.ts')
} else {
  const node = join(root, 'node_modules', '.bin', process.platform === 'win32' ? 'node.cmd' : 'node')
  if (!existsSync(node)) {
    console.error(
      `Orrery needs Node ${wanted} or newer; this is ${process.version}, and no Node ${wanted} came with the packages for this platform.\n` +
        `Install Node ${wanted} from your package manager, then try again.`,
    )
    process.exit(3)
  }
  handOver(node)
}

/** Runs this file again under `node`, as if it were this process: signals go on, and neither outlives the other. */
function handOver(node) {
  const windows = process.platform === 'win32'
  const child = spawn(node, [fileURLToPath(import.meta.url), ...args], {
    // The channel closes when this process is gone, `kill -9` included, and a server ends with it.
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    shell: windows,
  })
  for (const signal of ['SIGTERM', 'SIGHUP', 'SIGINT'])
    process.on(signal, () => {
      // A terminal tells the whole group of an interrupt: twice would be once too often.
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal)
    })
  child.on('error', (error) => {
    console.error(`Node ${wanted} at ${node} did not start: ${error.message}`)
    process.exit(3)
  })
  child.on('exit', (code, signal) => process.exit(signal ? 1 : (code ?? 1)))
}
