import { type KeyboardEvent, useRef, useState } from 'react'
import { Mark } from '../shell/parts.tsx'
import { milliseconds } from '../shell/numbers.ts'
import { span as duration } from '../shell/times.ts'
import { SPAN_TONES } from './states.ts'
import { type SpanRow, visibleRows, type Waterfall as Spans } from './tree.ts'

/** Each span a bar over the time of the whole; arrows walk them, left and right close and open what is below. */
export function Waterfall({
  waterfall: { rows, length },
  chosen,
  choose,
}: {
  waterfall: Spans
  chosen: string | undefined
  choose: (id: string) => void
}) {
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set())
  const list = useRef<HTMLDivElement>(null)
  const visible = visibleRows(rows, closed)
  const at = Math.max(
    0,
    visible.findIndex((row) => row.span.id === chosen),
  )

  const setOpen = (id: string, open: boolean) =>
    setClosed((before) => {
      const after = new Set(before)
      if (open) after.delete(id)
      else after.add(id)
      return after
    })
  const go = (row: SpanRow | undefined) => {
    if (!row) return
    choose(row.span.id)
    list.current?.querySelector<HTMLElement>(`[data-span="${row.span.id}"]`)?.focus()
  }
  const onKey = (event: KeyboardEvent) => {
    const row = visible[at]
    if (!row || event.altKey || event.ctrlKey || event.metaKey) return
    const isOpen = row.below > 0 && !closed.has(row.span.id)
    if (event.key === 'ArrowDown' || event.key === 'j') go(visible[at + 1])
    else if (event.key === 'ArrowUp' || event.key === 'k') go(visible[at - 1])
    else if (event.key === 'Home') go(visible[0])
    else if (event.key === 'End') go(visible.at(-1))
    else if (event.key === 'ArrowLeft' && isOpen) setOpen(row.span.id, false)
    else if (event.key === 'ArrowLeft') go(visible.slice(0, at).findLast((above) => above.depth < row.depth))
    else if (event.key === 'ArrowRight' && row.below > 0 && !isOpen) setOpen(row.span.id, true)
    else if (event.key === 'ArrowRight' && isOpen) go(visible[at + 1])
    else return
    event.preventDefault()
    event.stopPropagation()
  }

  return (
    <div className="waterfall" role="tree" aria-label="Spans" ref={list} onKeyDown={onKey}>
      {visible.map((row, i) => {
        const { span, depth, below, start, took } = row
        const open = !closed.has(span.id)
        return (
          <div
            key={span.id}
            role="treeitem"
            data-span={span.id}
            tabIndex={i === at ? 0 : -1}
            aria-level={depth + 1}
            aria-selected={span.id === chosen}
            aria-expanded={below > 0 ? open : undefined}
            className="span-row"
            onClick={() => go(row)}
            onKeyDown={() => undefined}
          >
            <span className="span-name" style={{ paddingLeft: Math.min(depth, DEEPEST) * 14 }}>
              {below > 0 ? (
                <button
                  type="button"
                  className="fold"
                  tabIndex={-1}
                  aria-label={open ? 'Close' : 'Open'}
                  onClick={(event) => {
                    event.stopPropagation()
                    setOpen(span.id, !open)
                  }}
                >
                  {open ? '▾' : '▸'}
                </button>
              ) : (
                <span className="fold" />
              )}
              <Mark tone={SPAN_TONES[span.status]} />
              <span className="span-title" title={span.name}>
                {span.name}
              </span>
              {span.status === 'error' && <span className="visually-hidden">, failed</span>}
              {!open && <span className="note">+{below}</span>}
            </span>
            <span className="span-time" aria-hidden="true">
              <i
                className={`bar ${span.status}${took === null ? ' open' : ''}`}
                style={{
                  left: `${(100 * start) / length}%`,
                  width: `${(100 * (took ?? length - start)) / length}%`,
                }}
              />
            </span>
            <span className="span-took">
              {took === null ? 'running' : took < 1_000 ? milliseconds(took) : duration(took)}
            </span>
          </div>
        )
      })}
    </div>
  )
}

/** Names keep some room, however deep they stand. */
const DEEPEST = 12
