import { useEffect } from 'react'

/** `price-up v8 · Orrery` in the tab and in the history. */
export function useTitle(...parts: (string | undefined)[]): void {
  const title = [...parts.filter(Boolean), 'Orrery'].join(' · ')
  useEffect(() => {
    document.title = title
  }, [title])
}
