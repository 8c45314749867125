import { createContext, type ReactNode, useContext, useMemo, useState } from 'react'

interface Cursor {
  /** Event time under the pointer, in whichever chart it is. */
  readonly at: number | null
  readonly setAt: (at: number | null) => void
}

const CursorContext = createContext<Cursor | null>(null)

/** Charts inside share one cursor: pointing at a time in one shows that time in all. */
export function SharedCursor({ children }: { children: ReactNode }) {
  const [at, setAt] = useState<number | null>(null)
  const cursor = useMemo(() => ({ at, setAt }), [at])
  return <CursorContext value={cursor}>{children}</CursorContext>
}

/** The cursor of the charts around, or one's own where there is none. */
export function useCursor(): Cursor {
  const shared = useContext(CursorContext)
  const [at, setAt] = useState<number | null>(null)
  const own = useMemo(() => ({ at, setAt }), [at])
  return shared ?? own
}
