import { createContext, type ReactNode, useContext, useMemo, useState } from 'react'

interface Cursor {
  /** Event time under the pointer, in whichever chart it is. */
  readonly at: number | null
  readonly setAt: (at: number | null) => void
}

const CursorContext = createContext<Cursor>({ at: null, setAt: () => undefined })

/** Charts inside share one cursor: pointing at a time in one shows that time in all. */
export function SharedCursor({ children }: { children: ReactNode }) {
  const [at, setAt] = useState<number | null>(null)
  const cursor = useMemo(() => ({ at, setAt }), [at])
  return <CursorContext value={cursor}>{children}</CursorContext>
}

export const useCursor = () => useContext(CursorContext)
