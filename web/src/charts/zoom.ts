import { useCallback, useMemo } from 'react'
import { useSearchParams } from 'react-router'

export type Range = readonly [from: number, to: number]

export interface Zoom {
  readonly range: Range | null
  zoomTo(range: Range | null): void
}

/** The stretch of time in view, kept in the address (`?from=…&to=…`), so that it is shared by the page's charts. */
export function useZoom(): Zoom {
  const [search, setSearch] = useSearchParams()
  const from = search.get('from')
  const to = search.get('to')
  const range = useMemo<Range | null>(() => {
    const ends = [Date.parse(from ?? ''), Date.parse(to ?? '')] as const
    return ends[0] < ends[1] ? ends : null
  }, [from, to])
  const zoomTo = useCallback(
    (next: Range | null) =>
      setSearch((before) => {
        const after = new URLSearchParams(before)
        after.delete('from')
        after.delete('to')
        if (next) {
          after.set('from', minuteOf(next[0]))
          after.set('to', minuteOf(next[1]))
        }
        return after
      }),
    [setSearch],
  )
  return useMemo(() => ({ range, zoomTo }), [range, zoomTo])
}

/** `1997-11-03T14:30Z`: readable in the address, exact enough for a zoom. */
const minuteOf = (at: number) => `${new Date(at).toISOString().slice(0, 16)}Z`
