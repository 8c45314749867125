import { type DataHome, homeFor, openDataHome, type Placement } from '#data/files'
import { WrongUse } from '../errors.ts'

/** What every command on datasets of files takes. */
export interface DataOptions {
  home?: string
  json?: boolean
  link?: boolean
  copy?: boolean
}

/** The home these commands share with a server, which may be running. */
export function homeOf(options: DataOptions): DataHome {
  return openDataHome(homeFor(process.cwd(), options.home, process.env), (what) =>
    console.error(`waiting for another command that works with ${what} …`),
  )
}

export function placementOf({ link, copy }: DataOptions): Placement | undefined {
  if (link && copy) throw new WrongUse('--link and --copy exclude each other.', 'Give one of them, or none.')
  return link ? 'link' : copy ? 'copy' : undefined
}

/** A version belongs to one dataset. */
export function refuseVersionOfMany(paths: readonly string[], { version }: { version?: string }): void {
  if (version !== undefined && paths.length !== 1)
    throw new WrongUse('--version is of one dataset.', 'Name it: orrery data checkout <path> --version …')
}
