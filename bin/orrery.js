#!/usr/bin/env node
// Plain JavaScript on purpose: this file runs on whatever Node is on the PATH and hands over to Node 24.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { makeReady } from './ready.js'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const wanted = 24
const args = process.argv.slice(2)

makeReady({ root, quiet: args.includes('--json') })

if (Number(process.versions.node.split('.')[0]) >= wanted) {
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
  const { status, signal } = spawnSync(node, [fileURLToPath(import.meta.url), ...args], { stdio: 'inherit' })
  process.exit(signal ? 1 : (status ?? 1))
}
