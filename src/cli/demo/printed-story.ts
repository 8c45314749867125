import pc from 'picocolors'
import { openScreen, spinner } from '../screen.ts'
import { progressLine, statusBlock } from './status-block.ts'
import type { Happening, Progress, Story } from './story.ts'

const FRAME_MS = 120
const LINE_EVERY_MS = 5_000

const MARKS = { good: pc.green('✓'), bad: pc.red('✗'), look: pc.yellow('●') }

/** Lines that stay, and on a terminal a block below them that is drawn anew; elsewhere a line now and then. */
export function printedStory(): Story {
  const screen = openScreen()
  let current: Progress | undefined
  let work = ''
  let lastLine = Date.now()
  const draw = () => {
    if (current) screen.block(statusBlock(current, screen.width))
    else if (work) screen.block([`  ${spinner()} ${pc.dim(work)}`])
    else screen.block([])
  }
  const timer = screen.live ? setInterval(draw, FRAME_MS) : undefined
  timer?.unref()

  const tell = ({ text, mark, day, more = [] }: Happening) => {
    work = ''
    const indent = day ? '              ' : '    '
    screen.line(`  ${day ? `${pc.dim(day)}  ` : ''}${mark ? MARKS[mark] : ' '} ${text}`)
    for (const line of more) screen.line(`${indent}${pc.dim(line)}`)
  }

  return {
    chapter: (number, title) => screen.line(`\n${pc.cyan(String(number))} ${pc.bold(title)}`),
    tell,
    progress: (progress) => {
      current = progress
      if (screen.live) return
      if (Date.now() - lastLine < LINE_EVERY_MS) return
      lastLine = Date.now()
      screen.line(`  ${progressLine(progress)}`)
    },
    working: (what) => {
      work = what
      if (screen.live) draw()
    },
    close: () => {
      clearInterval(timer)
      screen.close()
    },
  }
}
