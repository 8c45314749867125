/** Writes docs/reference/cli.md from the program itself: `npm run reference`. The API describes itself at /openapi.json. */
import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const COMMAND = fileURLToPath(new URL('../../bin/orrery.js', import.meta.url))
const REFERENCE = new URL('../../docs/reference/', import.meta.url)

const run = promisify(execFile)
const help = async (...command: string[]) =>
  (
    await run(process.execPath, [COMMAND, ...command, '--help'], { env: { ...process.env, NO_COLOR: '1' } })
  ).stdout.trim()

const overview = await help()
const commands = overview
  .slice(overview.indexOf('Commands:'))
  .split('\n')
  .flatMap((line) => /^ {2}([a-z]+)/.exec(line)?.[1] ?? [])
  .filter((name) => name !== 'help')
const pages = ['# Command line', '', 'Written by `npm run reference`.', '', '```', overview, '```']
for (const name of commands) pages.push('', `## orrery ${name}`, '', '```', await help(name), '```')
await writeFile(new URL('cli.md', REFERENCE), `${pages.join('\n')}\n`)
