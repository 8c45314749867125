import type { ExpectationResult } from './contract.ts'
import { ExpectationsFailed } from './errors.ts'

/**
 * Two kinds of failure are kept apart: columns that are not what they should be (schema skew) and values that are not
 * (value skew). Schema skew stops the pipeline unless it was to warn only; rows with wrong values can be set aside.
 *
 * @throws ExpectationsFailed when one that is to stop the pipeline does not hold
 */
export function stopOnFailure(results: readonly ExpectationResult[]): void {
  const failed = results.filter(stops)
  if (failed.length > 0) throw new ExpectationsFailed(failed)
}

/** No row can be set aside for a column that is not there, nor more than `mostly` allows. */
function stops({ passed, otherwise, setAside }: ExpectationResult): boolean {
  return !passed && (otherwise === 'stop' || (otherwise === 'quarantine' && setAside !== true))
}
