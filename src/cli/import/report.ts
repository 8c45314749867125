import pc from 'picocolors'
import type { Place } from '#tracking/contract'
import { BAD, GOOD, printJson } from '../output.ts'
import { openScreen, padded, spinner } from '../screen.ts'
import { bytes, count, counted, elapsed } from '../wording.ts'
import type { Progress } from './importer.ts'
import { type Kind, KINDS, type Tally } from './tally.ts'

/** Without a terminal a line says how far it is, this often. */
const LINE_EVERY_MS = 10_000
const FRAME_MS = 100
/** More would hide the table; --json has them all. */
const MOST_DIFFERENCES = 20

export interface ImportReport {
  progress(at: Progress): void
  end(result: { places: readonly Place[]; runsHere: ReadonlyMap<string, string> }): void
  close(): void
}

/** Tells how an import goes: a live line in a terminal, a line now and then without one, JSON at the end for programs. */
export function openReport(of: { source: string; url: string; tally: Tally; json: boolean }): ImportReport {
  const { source, url, tally, json } = of
  const began = Date.now()
  const screen = json ? undefined : openScreen()
  const sent = { at: '', points: 0, bytes: 0 }
  screen?.line(`${source} → ${url}`)
  const soFar = () => {
    const { runs } = tally.counts
    const seconds = Math.max(0.001, (Date.now() - began) / 1000)
    return [
      counted(runs.source, 'run'),
      `${count(sent.points)} points (${count(sent.points / seconds)}/s)`,
      bytes(sent.bytes),
      elapsed(Date.now() - began),
      sent.at,
    ].join(' · ')
  }
  const draw = () => screen?.block([`${spinner()} ${soFar()}`])
  const timer = setInterval(screen?.live ? draw : () => screen?.line(soFar()), screen?.live ? FRAME_MS : LINE_EVERY_MS)
  timer.unref()
  return {
    progress: ({ at, points = 0, bytes: size = 0 }) => {
      if (at !== undefined) sent.at = at
      sent.points += points
      sent.bytes += size
    },
    end: ({ places, runsHere }) => {
      const { counts, differences } = tally
      const moved = places.filter((place) => place.how !== 'kept')
      if (!screen) {
        printJson({
          ...{ source, agrees: differences.length === 0, counts, differences },
          experiments: moved,
          runs: Object.fromEntries(runsHere),
          tookMs: Date.now() - began,
        })
        return
      }
      screen.block([])
      for (const line of [...placeLines(moved), ...tableLines(tally)]) screen.line(line)
      const hints = new Set<string>()
      for (const { what, reason, hint } of differences.slice(0, MOST_DIFFERENCES)) {
        screen.line(`${BAD} ${what}: ${reason}`)
        if (hint) hints.add(hint)
      }
      if (differences.length > MOST_DIFFERENCES)
        screen.line(`  … and ${differences.length - MOST_DIFFERENCES} more; --json names all`)
      for (const hint of hints) screen.line(`  ${pc.dim(hint)}`)
      const took = elapsed(Date.now() - began)
      screen.line(
        differences.length === 0
          ? `${GOOD} all of it is here · ${took}`
          : `${BAD} ${counted(differences.length, 'difference')} · ${took} · mend them and start the same command again`,
      )
    },
    close: () => {
      clearInterval(timer)
      screen?.close()
    },
  }
}

function placeLines(moved: readonly Place[]): string[] {
  return moved.map(({ id, here, name, how }) => {
    const why = {
      kept: '',
      joined: `joined "${name}", which was here already`,
      renamed: `is called "${name}" here: its name was taken`,
      renumbered: 'has another id here: its own was taken',
    }
    return `  experiment ${id} ${why[how]} (id ${here})`
  })
}

function tableLines({ counts }: Tally): string[] {
  const figure = (kind: Kind, n: number) => (kind === 'artifact bytes' ? bytes(n) : count(n))
  const row = (name: string, ...cells: string[]) =>
    `  ${padded(name, 20)}${cells.map((cell) => cell.padStart(14)).join('')}`
  const rows = KINDS.map((kind) => {
    const { source, here, brought } = counts[kind]
    const line = row(kind, figure(kind, source), figure(kind, here), brought > 0 ? `+${figure(kind, brought)}` : '')
    return source === here ? `${GOOD} ${line.slice(2)}` : pc.red(`✗ ${line.slice(2)}`)
  })
  return [pc.dim(row('', 'source', 'here', 'new')), ...rows]
}
