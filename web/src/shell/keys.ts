import { useEffect } from 'react'
import { useNavigate } from 'react-router'
import { paths } from './paths.ts'
import { useProject } from './project.ts'
import { chooseTheme, otherTheme } from './theme.ts'

/** `g` and then one of these. */
export const GO_TO: Record<string, [page: string, path: (project: string) => string]> = {
  l: ['Loop', paths.loop],
  d: ['Data', paths.data],
  f: ['Features', paths.features],
  r: ['Runs', paths.runs],
  m: ['Models', paths.models],
  e: ['Endpoints', paths.endpoints],
  b: ['Batches', paths.batches],
  o: ['Monitors', paths.monitors],
  t: ['Traces', paths.traces],
  x: ['Experiments', paths.experiments],
}

/** Those of them that stand outside of projects too. */
const OF_NO_PROJECT = 'mtx'

const TOGETHER_MS = 1200

/** The keyboard of every page; inside fields only Ctrl/Cmd-K is ours. */
export function useKeys({ openPalette, openHelp }: { openPalette: () => void; openHelp: () => void }): void {
  const navigate = useNavigate()
  const project = useProject()
  useEffect(() => {
    let goAt = Number.NEGATIVE_INFINITY
    const onKey = (event: KeyboardEvent) => {
      if ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === 'k') {
        event.preventDefault()
        openPalette()
        return
      }
      if (event.metaKey || event.ctrlKey || event.altKey || isWriting(event.target)) return
      if (document.querySelector('dialog[open]')) return
      const going = event.timeStamp - goAt < TOGETHER_MS
      goAt = Number.NEGATIVE_INFINITY
      if (going && (project || OF_NO_PROJECT.includes(event.key))) {
        const there = GO_TO[event.key]
        if (there) navigate(there[1](project ?? ''))
        return
      }
      if (event.key === 'g') goAt = event.timeStamp
      else if (event.key === 'j') moveInLists(1)
      else if (event.key === 'k') moveInLists(-1)
      else if (event.key === 'x') pickInList()
      else if (event.key === 't') chooseTheme(otherTheme())
      else if (event.key === '?') openHelp()
      else if (event.key === '/') {
        event.preventDefault()
        openPalette()
      }
    }
    document.addEventListener('keydown', onKey)
    return () => document.removeEventListener('keydown', onKey)
  }, [navigate, project, openPalette, openHelp])
}

function isWriting(target: EventTarget | null): boolean {
  if (target instanceof HTMLInputElement && target.type === 'checkbox') return false
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
}

/** Rows that can be selected have a box for it. */
function pickInList(): void {
  document.activeElement?.closest('[data-row]')?.querySelector<HTMLElement>('input[type="checkbox"]')?.click()
}

/** Any `[data-row]` is a row of a list; its first link is what Enter opens. */
function moveInLists(step: 1 | -1): void {
  const links = [...document.querySelectorAll<HTMLElement>('main [data-row]')]
    .map((row) => row.querySelector<HTMLElement>('a[href], button'))
    .filter((link) => link !== null)
  if (links.length === 0) return
  const row = document.activeElement?.closest('[data-row]')
  const at = row ? links.findIndex((link) => row.contains(link)) : -1
  const next = at < 0 ? (step > 0 ? 0 : links.length - 1) : Math.min(links.length - 1, Math.max(0, at + step))
  links[next]?.focus()
  links[next]?.scrollIntoView({ block: 'nearest' })
}
