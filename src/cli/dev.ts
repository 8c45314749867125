import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { stripVTControlCharacters } from 'node:util'
import { fileURLToPath } from 'node:url'
import pc from 'picocolors'
import { type Config, readConfig } from '../config.ts'
import { DONE } from './exit.ts'
import { interruptible } from './interrupt.ts'
import { GOOD } from './output.ts'
import { pages } from './pages.ts'
import { seed } from './seed/seed.ts'
import { connect } from './server.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const BIN = join(ROOT, 'bin', 'orrery.js')
const WEB = join(ROOT, 'web')
const VITE = join(ROOT, 'node_modules', 'vite', 'bin', 'vite.js')
const READY = /^Orrery is ready on (\S+)$/
const VITE_ADDRESS = /Local:\s+(\S+)/

/** One-command development: a server that restarts when its code changes, pages that reload, a project to look at. */
export async function dev(flags: Record<string, string | undefined>): Promise<number> {
  const config = readConfig({ home: join('.orrery', 'dev'), ...flags }, process.env)
  return interruptible(async (interrupted) => {
    const children: ChildProcess[] = []
    const gone = (child: ChildProcess) => once(child, 'exit').then(() => 'gone')
    try {
      const server = spawn(process.execPath, ['--watch', '--watch-preserve-output', BIN, 'up', ...flagsOf(config)], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      children.push(server)
      const url = await Promise.race([lineMatching(server, READY), gone(server), interrupted])
      if (!URL.canParse(url)) return DONE
      const vite = spawn(process.execPath, [VITE, '--clearScreen', 'false'], {
        cwd: WEB,
        env: { ...process.env, ORRERY_SERVER: url },
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      children.push(vite)
      const page = await Promise.race([lineMatching(vite, VITE_ADDRESS), gone(vite), interrupted])
      const { projects } = await connect(url).listProjects()
      const seeded = projects.length > 0 ? undefined : seed('drifted-model', { server: url })
      await Promise.race([seeded, interrupted])
      tellLinks(url, page.replace(/\/$/, ''), projects[0]?.name ?? 'churn')
      await Promise.race([interrupted, ...children.map(gone)])
      return DONE
    } finally {
      await Promise.all(children.map(end))
    }
  })
}

function flagsOf({ home, host, port, database, durability, log }: Config): string[] {
  const flags = { home, host, port: String(port), database, durability, log }
  return Object.entries(flags).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, value]))
}

/** The first line a child prints that matches, its group; every line is printed on. */
function lineMatching(child: ChildProcess, pattern: RegExp): Promise<string> {
  return new Promise((resolve) => {
    createInterface({ input: child.stdout! }).on('line', (line) => {
      console.log(pc.dim(line))
      const found = pattern.exec(stripVTControlCharacters(line))?.[1]
      if (found) resolve(found)
    })
  })
}

function tellLinks(url: string, page: string, project: string): void {
  console.log(`
${GOOD} pages that reload   ${pc.bold(pages.loop(page, project))}
  server              ${url}   restarts when src/ changes
  API                 ${url}/openapi.json
  metrics             ${url}/metrics
  Ctrl-C ends it; its state stays in the home folder.`)
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = once(child, 'exit')
  child.kill('SIGTERM')
  await exit
}
