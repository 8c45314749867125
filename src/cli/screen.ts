import { stripVTControlCharacters } from 'node:util'
import pc from 'picocolors'

const ESCAPE = '\u001B'
const COLOUR = new RegExp(`(${ESCAPE}\\[[0-9;]*m)`)

/** How many places a text takes on the screen: colours take none. */
export const visibleLength = (text: string): number => stripVTControlCharacters(text).length

/** Fills `text` with blanks up to `width` places, whatever its colours. */
export const padded = (text: string, width: number): string =>
  text + ' '.repeat(Math.max(0, width - visibleLength(text)))

/** Cuts `text` at `width` places; colours stay whole and end with the line. */
export function cut(text: string, width: number): string {
  if (visibleLength(text) <= width) return text
  let left = Math.max(0, width - 1)
  let kept = ''
  for (const part of text.split(COLOUR)) {
    if (part.startsWith(ESCAPE)) kept += part
    else {
      kept += part.slice(0, left)
      left -= Math.min(left, part.length)
    }
  }
  return `${kept}…`
}

/**
 * Lines that stay, and below them a block that is drawn anew: a spinner, a status. Without a terminal the block is
 * never drawn, and lines are all there is.
 */
export interface Screen {
  /** Whether the block is drawn at all. */
  readonly live: boolean
  readonly width: number
  line(text: string): void
  /** Replaces the block. */
  block(lines: readonly string[]): void
  /** Takes the block away and gives the cursor back. */
  close(): void
}

const HIDE_CURSOR = '\u001B[?25l'
const SHOW_CURSOR = '\u001B[?25h'
const CLEAR_BELOW = '\u001B[0J'

export function openScreen(stream: NodeJS.WriteStream = process.stdout): Screen {
  // A CI log keeps every frame of an animation.
  const live = Boolean(stream.isTTY) && !process.env.CI && process.env.TERM !== 'dumb'
  let block: readonly string[] = []
  let drawn = 0
  const width = () => Math.max(40, (stream.columns ?? 100) - 1)
  const erase = () => (drawn > 0 ? `\u001B[${drawn}A\r${CLEAR_BELOW}` : '')
  const draw = (before: string) => {
    // More lines than the screen has could not be taken back.
    const shown = block.slice(0, Math.max(1, (stream.rows ?? 24) - 2)).map((one) => cut(one, width()))
    stream.write(`${erase()}${before}${shown.map((one) => `${one}\n`).join('')}`)
    drawn = shown.length
  }
  const showCursor = () => void stream.write(SHOW_CURSOR)
  if (live) {
    stream.write(HIDE_CURSOR)
    process.once('exit', showCursor)
  }
  return {
    live,
    get width() {
      return width()
    },
    line: (text) => (live ? draw(`${text}\n`) : void stream.write(`${text}\n`)),
    block: (lines) => {
      if (!live) return
      block = lines
      draw('')
    },
    close: () => {
      if (!live) return
      block = []
      draw('')
      process.off('exit', showCursor)
      showCursor()
    },
  }
}

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']
const FRAME_MS = 80

/** The frame of a spinner at this moment. */
export const spinner = (): string => pc.cyan(FRAMES[Math.floor(Date.now() / FRAME_MS) % FRAMES.length]!)
