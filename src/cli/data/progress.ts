import type { Place } from '#data/files'
import { type Screen, spinner } from '../screen.ts'
import { bytes, count, counted } from '../wording.ts'

const REDRAW_MS = 50

interface At {
  readonly files: number
  readonly ofFiles: number
  readonly bytes?: number
  readonly ofBytes?: number
}

/** A line that says how far a dataset is; drawn at most twenty times a second, however often it is told. */
export function progressOf(screen: Screen | undefined, { name }: Place, doing = ''): (at: At) => void {
  let drawnAt = 0
  return (at) => {
    const now = performance.now()
    if (!screen?.live || now - drawnAt < REDRAW_MS) return
    drawnAt = now
    const size =
      at.bytes === undefined || at.ofBytes === undefined ? '' : ` · ${bytes(at.bytes)} of ${bytes(at.ofBytes)}`
    screen.block([`${spinner()} ${name}  ${doing}${count(at.files)} of ${counted(at.ofFiles, 'file')}${size}`])
  }
}
