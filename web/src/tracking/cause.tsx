import { Link } from 'react-router'
import type { Cause } from '#pipelines/contract'
import { paths } from '../shell/paths.ts'

/** Why a run or a version exists; an alert leads to itself. */
export function Because({ cause, project }: { cause: Cause; project: string }) {
  return (
    <>
      {cause.kind === 'alert' ? <Link to={paths.alert(project, cause.by)}>alert</Link> : <b>{cause.kind}</b>}
      {': '}
      {cause.reason}
      {cause.kind === 'person' && <span className="note"> {cause.by}</span>}
    </>
  )
}
