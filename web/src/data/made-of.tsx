import { useQuery } from '@tanstack/react-query'
import { Link } from 'react-router'
import type { DataLineage, LineageStep } from '#data/contract'
import { count } from '../shell/numbers.ts'
import { Panel, SameAs } from '../shell/parts.tsx'
import { paths } from '../shell/paths.ts'
import { ask } from '../shell/server.ts'

const HOW: Record<LineageStep['by'], string> = {
  append: 'rows were added to',
  recipe: 'its recipe reads',
  features: 'features of',
  entities: 'features were joined to',
}

/** A history of appends is a line of this many, and then a word. */
const DEEPEST = 4

/** The tables that a version was made of, as a tree down to their sources; nothing where it was made of its source alone. */
export function MadeOf({ project, version }: { project: string; version: string }) {
  const { data } = useQuery(ask('data', 'traceDataVersion', { params: { version } }))
  if (!data || data.steps.length === 0) return null
  return (
    <Panel title="Made of" note={`${count(data.versions.length - 1)}${data.cut ? ' or more' : ''} other versions`}>
      <Origins lineage={data} of={version} project={project} depth={0} />
      <SameAs api={`/api/data-versions/${version}/lineage`} cli={`orrery data lineage ${version}`} />
    </Panel>
  )
}

function Origins(props: { lineage: DataLineage; of: string; project: string; depth: number }) {
  const { lineage, of, project, depth } = props
  const steps = lineage.steps.filter(({ to }) => to === of)
  if (steps.length === 0) return null
  if (depth >= DEEPEST) return <p className="note">and what these were made of</p>
  return (
    <ul className="origins">
      {steps.map(({ from, by, view }) => {
        const origin = lineage.versions.find(({ id }) => id === from)!
        return (
          <li key={`${from} ${by} ${view}`}>
            <span className="note">{HOW[by]}</span> {view !== null && <code>{view}</code>}{' '}
            <Link to={`${paths.data(project)}?version=${from}`}>
              {origin.dataset} {origin.number}
            </Link>{' '}
            <span className="note">
              {count(origin.rows)} rows, {origin.source.source}
            </span>
            <Origins {...props} of={from} depth={depth + 1} />
          </li>
        )
      })}
    </ul>
  )
}

/** One line: the table that was trained on, and the others it was made of. */
export function DataUsed({ project, version }: { project: string; version: string }) {
  const { data } = useQuery(ask('data', 'traceDataVersion', { params: { version } }))
  if (!data) return <span className="note">…</span>
  const [own, ...others] = data.versions
  const link = ({ id, dataset, number }: DataLineage['versions'][number]) => (
    <Link to={`${paths.data(project)}?version=${id}`}>
      {dataset} {number}
    </Link>
  )
  // What rows were added to is the same table, earlier.
  const tables = others.filter(({ dataset }) => dataset !== own!.dataset)
  return (
    <>
      {link(own!)} <span className="note">{count(own!.rows)} rows</span>
      {tables.map((table, i) => (
        <span key={table.id}>
          {i === 0 ? ', made with ' : ', '}
          {link(table)}
        </span>
      ))}
    </>
  )
}
