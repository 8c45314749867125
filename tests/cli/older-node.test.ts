import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, expect, it } from 'vitest'
import { BIN } from './orrery.ts'

/** The machine's own Node, if it is older than the one that comes with the packages. */
const older = (process.env.PATH ?? '')
  .split(delimiter)
  .filter((folder) => !folder.includes('node_modules'))
  .map((folder) => join(folder, 'node'))
  .find((node) => existsSync(node) && majorOf(node) >= 18 && majorOf(node) < 24)

function majorOf(node: string): number {
  return Number(/^v(\d+)/.exec(execFileSync(node, ['--version'], { encoding: 'utf8' }))?.[1])
}

describe.skipIf(!older)('started by an older Node (skipped where there is none)', () => {
  it.each([
    ['SIGTERM', 0],
    ['SIGKILL', null],
  ] as const)('hands over to its own, and neither outlives the other after %s', async (signal, expected) => {
    const home = await mkdtemp(join(tmpdir(), 'orrery-older-'))
    try {
      const outer = spawn(older!, [BIN, 'up', '--home', home, '--port', '0'], { stdio: ['ignore', 'pipe', 'inherit'] })
      const exit = once(outer, 'exit')
      const [line] = await once(createInterface({ input: outer.stdout! }), 'line')
      const url = /ready on (\S+)/.exec(line)![1]!
      expect((await fetch(`${url}/ready`)).status).toBe(200)
      outer.kill(signal)
      expect((await exit)[0]).toBe(expected)
      await expect
        .poll(
          () =>
            fetch(`${url}/health`).then(
              () => 'answers',
              () => 'gone',
            ),
          { timeout: 15_000 },
        )
        .toBe('gone')
    } finally {
      await rm(home, { recursive: true, force: true, maxRetries: 5 })
    }
  })
})
