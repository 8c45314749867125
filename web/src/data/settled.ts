import { useEffect, useState } from 'react'

/** After so long without a key, what was typed is tried out. */
const PAUSE = 500

/** What was typed last, once nothing was typed for a while. */
export function useSettled(value: string): string {
  const [settled, settle] = useState(value)
  useEffect(() => {
    const timer = setTimeout(() => settle(value), PAUSE)
    return () => clearTimeout(timer)
  }, [value])
  return settled
}
