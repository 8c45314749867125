import { join } from 'node:path'
import pc from 'picocolors'
import { WrongUse } from '../errors.ts'
import { ANSWER_IS_NO, DONE } from '../exit.ts'
import { interruptible } from '../interrupt.ts'
import { printEnding } from './ending.ts'
import { freshHome } from './home.ts'
import { jsonStory } from './json-story.ts'
import { liveThrough } from './live-through.ts'
import { printedStory } from './printed-story.ts'
import { findWorld } from './world.ts'

export interface DemoOptions {
  data?: string
  sha256?: string
  keep?: boolean
  port: string
  home?: string
  seed: string
  rows?: string
  json?: boolean
}

/** The whole life of a model on one world, through a real server: from a table to a version that was replaced. */
export async function demo({ json = false, keep = false, ...options }: DemoOptions): Promise<number> {
  const port = wholeNumber('--port', options.port)
  const seed = wholeNumber('--seed', options.seed)
  const rows = options.rows === undefined ? undefined : wholeNumber('--rows', options.rows)
  const downloads = join('.orrery', 'demo', 'downloads')
  const world = await findWorld({ data: options.data, sha256: options.sha256, seed, downloads })
  const home = await freshHome(options.home, world)
  if (!json) console.log(`${pc.bold(world.title)}${world.note ? `\n${pc.dim(world.note)}` : ''}`)
  const story = json ? jsonStory() : printedStory()
  return interruptible((interrupted) =>
    liveThrough(story, { world, home, port, rows, interrupted }, async ({ summary, server, url, project }) => {
      story.chapter(8, 'What it came to')
      story.close()
      if (json) console.log(JSON.stringify(summary))
      else await printEnding(summary, { server, url, project, home, kept: keep })
      if (keep) await interrupted
      return summary.failed === 0 ? DONE : ANSWER_IS_NO
    }).finally(() => story.close()),
  )
}

function wholeNumber(flag: string, text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text)
  throw new WrongUse(`${flag} ${text} is no whole number.`, `Write it as ${flag} 7.`)
}
