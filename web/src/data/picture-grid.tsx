import { keepPreviousData, useQueries } from '@tanstack/react-query'
import { type KeyboardEvent, useEffect, useLayoutEffect, useRef, useState } from 'react'
import { useSearchParams } from 'react-router'
import {
  type ListedPicture,
  PICTURE_KINDS,
  PICTURE_MEASURES,
  type PictureKind,
  type PictureMeasure,
  type PictureProfile,
  type PictureQuery,
} from '#data/contract'
import { Failure } from '../shell/failure.tsx'
import { count } from '../shell/numbers.ts'
import { Mark, Panel, SameAs } from '../shell/parts.tsx'
import { ask } from '../shell/server.ts'
import { OnePicture } from './one-picture.tsx'
import { PROBLEMS, shown, WORDS } from './picture-parts.tsx'

const PAGE = 60
/** Pixels of a tile with the space around it. */
const TILE = { width: 128, height: 148 }
/** Rows beyond what is seen that are there already when somebody scrolls. */
const AHEAD = 2
/** Typing is over: every letter would be a question. */
const TYPED_MS = 250

const KINDS: Record<PictureKind, string> = {
  unreadable: 'cannot be read',
  leaking: 'the same in two parts',
  contradicting: 'the same in two classes',
  same: 'the same bytes',
  near: 'look the same',
  far: 'far from the others',
  blank: 'plain grounds',
  grey: 'grey',
  transparent: 'transparent',
  turned: 'to be turned',
  personal: 'tell of a person',
}

type Asked = Pick<PictureQuery, 'part' | 'class' | 'kind' | 'find' | 'sort' | 'order'>

const SORTS: readonly string[] = ['far', ...PICTURE_MEASURES]

/** What is asked for stands in the address: a link to it shows the same. */
function useAsked() {
  const [search, setSearch] = useSearchParams()
  const [kind, sort] = [search.get('kind') ?? '', search.get('sort') ?? '']
  const text = (name: 'part' | 'class' | 'find') => (search.get(name) ? { [name]: search.get(name)! } : {})
  const asked: Asked = {
    ...{ ...text('part'), ...text('class'), ...text('find') },
    ...((PICTURE_KINDS as readonly string[]).includes(kind) && { kind: kind as PictureKind }),
    sort: SORTS.includes(sort) ? (sort as Asked['sort']) : 'path',
    order: search.get('order') === 'down' ? 'down' : 'up',
  }
  const change = (some: Record<string, string | null>) =>
    setSearch(
      (before) => {
        const next = new URLSearchParams(before)
        for (const [name, value] of Object.entries(some))
          if (value) next.set(name, value)
          else next.delete(name)
        return next
      },
      { preventScrollReset: true, replace: true },
    )
  const opened = search.get('picture')
  return { asked, change, opened: opened === null ? null : Number(opened) }
}

/** Every picture of a version, to scroll through: only what is seen is asked for and drawn, however many there are. */
export function PictureGrid({ version, profile }: { version: string; profile: PictureProfile }) {
  const { asked, change, opened } = useAsked()
  return (
    <Panel title="All of them" className="all-pictures">
      <Filters asked={asked} change={change} profile={profile} />
      <Tiles
        // Another question starts at its top.
        key={JSON.stringify(asked)}
        version={version}
        asked={asked}
        opened={opened}
        open={(number) => change({ picture: number === null ? null : String(number) })}
      />
      <SameAs
        api={`/api/file-versions/${version}/pictures/list${queryOf(asked)}`}
        cli="orrery data profile <path> --table pictures.csv"
      />
    </Panel>
  )
}

const queryOf = (asked: Asked) => {
  const said = Object.entries(asked).filter(([, value]) => value !== undefined)
  return `?${new URLSearchParams(said as [string, string][])}`
}

function Filters({
  asked,
  change,
  profile: { parts },
}: {
  asked: Asked
  change: (some: Record<string, string | null>) => void
  profile: PictureProfile
}) {
  const classes = [...new Set(parts.flatMap((one) => one.classes.map(({ name }) => name)))].sort()
  const named = parts.flatMap(({ part }) => (part === null ? [] : [part]))
  return (
    <div className="picture-filters">
      <Choice
        label="which"
        value={asked.kind}
        options={PICTURE_KINDS.map((kind) => [kind, KINDS[kind]])}
        change={(kind) => change({ kind })}
      />
      {named.length > 1 && (
        <Choice
          label="part"
          value={asked.part}
          options={named.map((part) => [part, part])}
          change={(part) => change({ part })}
        />
      )}
      {classes.length > 1 && (
        <Choice
          label="class"
          value={asked.class}
          options={classes.map((name) => [name, name])}
          change={(name) => change({ class: name })}
        />
      )}
      <Choice
        label="sorted by"
        all="path"
        value={asked.sort === 'path' ? undefined : asked.sort}
        options={[
          ['far', 'how far from the others'],
          ...PICTURE_MEASURES.map((one): [string, string] => [one, WORDS[one]]),
        ]}
        // What is looked for is mostly at the far end: the furthest, the largest.
        change={(sort) => change({ sort, order: sort === null ? null : 'down' })}
      />
      <button
        type="button"
        aria-label={asked.order === 'up' ? 'smallest first' : 'largest first'}
        onClick={() => change({ order: asked.order === 'up' ? 'down' : null })}
      >
        {asked.order === 'up' ? '↑' : '↓'}
      </button>
      <Find value={asked.find ?? ''} change={(find) => change({ find: find || null })} />
    </div>
  )
}

function Choice({
  label,
  value,
  options,
  change,
  all = 'all',
}: {
  label: string
  value: string | undefined
  options: readonly (readonly [value: string, words: string])[]
  change: (value: string | null) => void
  all?: string
}) {
  return (
    <label>
      <span className="note">{label}</span>
      <select value={value ?? ''} onChange={(event) => change(event.target.value || null)}>
        <option value="">{all}</option>
        {options.map(([one, words]) => (
          <option key={one} value={one}>
            {words}
          </option>
        ))}
      </select>
    </label>
  )
}

function Find({ value, change }: { value: string; change: (value: string) => void }) {
  const [typed, setTyped] = useState(value)
  const latest = useRef(change)
  latest.current = change
  useEffect(() => {
    if (typed === value) return
    const waiting = setTimeout(() => latest.current(typed), TYPED_MS)
    return () => clearTimeout(waiting)
  }, [typed, value])
  return (
    <label>
      <span className="note">path has</span>
      <input type="search" value={typed} onChange={(event) => setTyped(event.target.value)} />
    </label>
  )
}

function Tiles({
  version,
  asked,
  opened,
  open,
}: {
  version: string
  asked: Asked
  opened: number | null
  open: (number: number | null) => void
}) {
  const box = useRef<HTMLDivElement>(null)
  const [seen, setSeen] = useState({ top: 0, height: 520, columns: 6 })
  const [at, setAt] = useState(0)
  useLayoutEffect(() => {
    const element = box.current
    if (!element) return
    const look = () =>
      setSeen({
        top: element.scrollTop,
        height: element.clientHeight,
        columns: Math.max(1, Math.floor(element.clientWidth / TILE.width)),
      })
    look()
    const watching = new ResizeObserver(look)
    watching.observe(element)
    element.addEventListener('scroll', look, { passive: true })
    return () => {
      watching.disconnect()
      element.removeEventListener('scroll', look)
    }
  }, [])

  const { columns } = seen
  const first = Math.max(0, Math.floor(seen.top / TILE.height) - AHEAD) * columns
  const end = (Math.ceil((seen.top + seen.height) / TILE.height) + AHEAD) * columns
  const pages = Array.from(
    { length: Math.ceil(end / PAGE) - Math.floor(first / PAGE) },
    (_, i) => Math.floor(first / PAGE) + i,
  )
  const queries = useQueries({
    queries: pages.map((page) => ({
      ...ask('data', 'listPictures', { params: { version }, query: { ...asked, offset: page * PAGE, limit: PAGE } }),
      // A version never changes.
      staleTime: Number.POSITIVE_INFINITY,
      placeholderData: keepPreviousData,
    })),
  })
  const failed = queries.find(({ isError }) => isError)
  const [total, setTotal] = useState<number>()
  const told = queries.find(({ data, isPlaceholderData }) => data && !isPlaceholderData)?.data?.total
  useEffect(() => {
    if (told !== undefined) setTotal(told)
  }, [told])
  const rows = Math.ceil((total ?? 0) / columns)
  const pictures: { place: number; picture?: ListedPicture; thumbnail?: string }[] = []
  for (let place = first; place < Math.min(end, total ?? 0); place++) {
    const { data, isPlaceholderData } = queries[Math.floor(place / PAGE) - pages[0]!] ?? {}
    const picture = isPlaceholderData ? undefined : data?.pictures[place % PAGE]
    const thumbnail = picture && data?.thumbnails[picture.hash]
    pictures.push({ place, ...(picture && { picture }), ...(thumbnail && { thumbnail }) })
  }

  function move(to: number): void {
    const place = Math.max(0, Math.min((total ?? 1) - 1, to))
    setAt(place)
    const element = box.current
    if (!element) return
    const top = Math.floor(place / columns) * TILE.height
    if (top < element.scrollTop) element.scrollTop = top
    else if (top + TILE.height > element.scrollTop + element.clientHeight)
      element.scrollTop = top + TILE.height - element.clientHeight
  }
  function onKey(event: KeyboardEvent): void {
    const steps: Record<string, number> = {
      ...{ ArrowRight: 1, ArrowLeft: -1, j: 1, k: -1, ArrowDown: columns, ArrowUp: -columns },
      ...{
        PageDown: columns * Math.floor(seen.height / TILE.height),
        PageUp: -columns * Math.floor(seen.height / TILE.height),
      },
      ...{ Home: -at, End: (total ?? 1) - 1 - at },
    }
    const step = steps[event.key]
    if (event.key === 'Enter') {
      const picture = pictures.find(({ place }) => place === at)?.picture
      if (picture) open(picture.number)
    } else if (step !== undefined) move(at + step)
    else return
    event.preventDefault()
    event.stopPropagation()
  }
  return (
    <>
      {failed && <Failure error={failed.error!} again={() => failed.refetch()} />}
      <p className="note" aria-live="polite">
        {total === undefined
          ? 'looking'
          : total === 0
            ? 'None is like this.'
            : `${count(total)} pictures; arrow keys move, Enter opens`}
      </p>
      {/* A list that is moved through by keys is one stop of the tab key. */}
      <div
        ref={box}
        className="picture-window"
        role="listbox"
        aria-label="pictures"
        aria-activedescendant={`picture-${at}`}
        tabIndex={0}
        onKeyDown={onKey}
      >
        <div style={{ height: rows * TILE.height, position: 'relative' }}>
          {pictures.map(({ place, picture, thumbnail }) => (
            <div
              key={place}
              id={`picture-${place}`}
              className="picture-tile"
              role="option"
              aria-selected={place === at}
              aria-label={
                picture ? `${picture.path}${picture.problem ? `, ${PROBLEMS[picture.problem]}` : ''}` : undefined
              }
              aria-posinset={place + 1}
              aria-setsize={total}
              tabIndex={-1}
              style={{
                top: Math.floor(place / columns) * TILE.height,
                left: `${((place % columns) * 100) / columns}%`,
              }}
              onClick={() => {
                setAt(place)
                if (picture) open(picture.number)
              }}
              onKeyDown={onKey}
            >
              {thumbnail ? (
                <img src={`data:image/jpeg;base64,${thumbnail}`} alt="" />
              ) : (
                <span className="no-thumbnail">{picture ? 'no picture' : ''}</span>
              )}
              {picture && <Said picture={picture} sort={asked.sort} />}
            </div>
          ))}
        </div>
      </div>
      {opened !== null && <OnePicture version={version} number={opened} open={open} />}
    </>
  )
}

/** What they are sorted by, or else their name. */
function Said({ picture, sort }: { picture: ListedPicture; sort: Asked['sort'] }) {
  const { width, height, path, problem, far, farBy } = picture
  const value = (measure: PictureMeasure) =>
    measure === 'aspect' ? (width && height ? width / height : null) : picture[measure]
  let words: string | undefined
  if (sort === 'far') words = far !== null && farBy ? `${farBy} ${shown(farBy, value(farBy)!)}` : undefined
  else if (sort !== 'path') words = value(sort) === null ? undefined : shown(sort, value(sort)!)
  if (words === undefined && !problem)
    return (
      <span className="note picture-path" title={path}>
        {path}
      </span>
    )
  return (
    <span className="note picture-said" title={path}>
      {problem && <Mark tone="bad" />} {problem ? PROBLEMS[problem] : words}
    </span>
  )
}
