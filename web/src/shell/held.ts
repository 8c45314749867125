import { type RefObject, useEffect, useRef, useState } from 'react'

/**
 * Nothing jumps while it is read: as long as the pointer or the keyboard's focus is inside `area`, the value that was
 * shown when it came in stays; it catches up on leaving, when the reader asks for it with `release`, and when `question`
 * changes, since then it is another value that was asked for.
 */
export function useHeld<Value, Area extends HTMLElement = HTMLDivElement>(
  value: Value,
  question = '',
): { shown: Value; area: RefObject<Area | null>; newer: boolean; release: () => void } {
  const area = useRef<Area>(null)
  const [held, setHeld] = useState<{ value: Value; question: string } | null>(null)
  const latest = useRef({ value, question })
  useEffect(() => {
    latest.current = { value, question }
  })

  useEffect(() => {
    const element = area.current
    if (!element) return
    const hold = () => setHeld((before) => (before?.question === latest.current.question ? before : latest.current))
    const letGo = () => {
      if (!element.matches(':hover') && !element.contains(document.activeElement)) setHeld(null)
    }
    // Focus has moved on only after the event, hence the tick.
    const letGoSoon = () => setTimeout(letGo)
    element.addEventListener('pointerenter', hold)
    element.addEventListener('focusin', hold)
    element.addEventListener('pointerleave', letGoSoon)
    element.addEventListener('focusout', letGoSoon)
    return () => {
      element.removeEventListener('pointerenter', hold)
      element.removeEventListener('focusin', hold)
      element.removeEventListener('pointerleave', letGoSoon)
      element.removeEventListener('focusout', letGoSoon)
    }
  }, [])

  const shown = held?.question === question ? held.value : value
  return { shown, area, newer: shown !== value, release: () => setHeld(latest.current) }
}
