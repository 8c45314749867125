import { useQuery } from '@tanstack/react-query'
import { Link } from 'react-router'
import { paths } from '../shell/paths.ts'
import { ask } from '../shell/server.ts'

/** Leads to the traces that were made in a run or linked to it; nothing where there are none. */
export function TracesOfRun({ run, project }: { run: string; project: string }) {
  const { data } = useQuery(ask('tracing', 'listTraces', { query: { run, limit: 1 } }))
  if (!data || data.traces.length === 0) return null
  return (
    <>
      {' · '}
      <Link to={`${paths.traces(project)}?run=${encodeURIComponent(run)}`}>its traces</Link>
    </>
  )
}
