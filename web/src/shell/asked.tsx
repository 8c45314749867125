import type { UseQueryResult } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { Failure } from './failure.tsx'
import { Skeleton } from './parts.tsx'

/**
 * What a query found, or why not, or the shape of what is coming. What was found stays in sight while it is asked for
 * anew, and when asking anew fails.
 */
export function Asked<Data>({
  query,
  skeleton,
  children,
}: {
  query: UseQueryResult<Data>
  skeleton?: ReactNode
  children: (data: Data) => ReactNode
}) {
  if (query.data !== undefined) return children(query.data)
  if (query.isError) return <Failure error={query.error} again={() => query.refetch()} />
  return (
    <div aria-busy="true">
      <span className="visually-hidden">Loading</span>
      {skeleton ?? <Skeleton />}
    </div>
  )
}
