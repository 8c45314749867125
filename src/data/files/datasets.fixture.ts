import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type Place, placeOf } from './dataset.ts'
import { type DataHome, openDataHome } from './home.ts'

export interface Workshop {
  readonly folder: string
  home: DataHome
  place(path: string): Place
  /** Writes a file, and makes it look as if that was some time ago. */
  write(path: string, content: string | Buffer, secondsAgo?: number): void
  remove(): void
}

/** A git repository in a folder of its own, with a home. */
export function openWorkshop(): Workshop {
  const folder = mkdtempSync(join(tmpdir(), 'orrery-files-'))
  execFileSync('git', ['init', '-q', '-b', 'main', folder])
  const home = openDataHome(join(folder, '.orrery'))
  return {
    folder,
    home,
    place: (path) => placeOf(path, folder, home),
    write: (path, content, secondsAgo = 60) => {
      const file = join(folder, path)
      mkdirSync(dirname(file), { recursive: true })
      writeFileSync(file, content)
      const then = Date.now() / 1000 - secondsAgo
      utimesSync(file, then, then)
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}
