import { ParameterInvalid } from './dialect.ts'
import type { Clause } from './filter.ts'
import { isLike } from './like.ts'

/** Whether a value is what a clause of a search asks for; what is not there meets no clause but `IS NULL`. */
export function clauseHolds(value: string | number | undefined, clause: Clause): boolean {
  if (clause.is === 'absent') return value === undefined
  if (value === undefined) return false
  switch (clause.is) {
    case 'present':
      return true
    case 'like':
    case 'ilike':
      return isLike(String(value), String(clause.value), clause.is === 'ilike')
    case 'in':
      return (clause.value as string[]).includes(String(value))
    case 'not in':
      return !(clause.value as string[]).includes(String(value))
    default: {
      if (typeof value !== typeof clause.value)
        throw new ParameterInvalid(`A ${typeof value} is expected to compare '${clause.key}' with.`)
      const way = compareValues(value, clause.value as string | number)
      return { '=': way === 0, '!=': way !== 0, '<': way < 0, '<=': way <= 0, '>': way > 0, '>=': way >= 0 }[clause.is]
    }
  }
}

/** What is not there comes last. */
export function compareValues(a: string | number | undefined, b: string | number | undefined): number {
  if (a === b) return 0
  if (a === undefined) return 1
  if (b === undefined) return -1
  return a < b ? -1 : 1
}
