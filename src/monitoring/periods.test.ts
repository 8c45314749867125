import { describe, expect, it } from 'vitest'
import { endOfPeriod, isAstray, openEnd, startOfPeriod } from './periods.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const at = (text: string) => Date.parse(text)

describe('periods', () => {
  it('are UTC days, and a cut belongs to the period it begins', () => {
    expect(endOfPeriod(at('2025-03-30T00:00:00Z'), DAY)).toBe(at('2025-03-31T00:00:00Z'))
    expect(endOfPeriod(at('2025-03-30T23:59:59.999Z'), DAY)).toBe(at('2025-03-31T00:00:00Z'))
    expect(startOfPeriod(at('2025-03-30T13:00:00Z'), 6 * HOUR)).toBe(at('2025-03-30T12:00:00Z'))
    expect(startOfPeriod(at('1969-12-31T13:00:00Z'), DAY)).toBe(at('1969-12-31T00:00:00Z'))
  })

  it('stay open for rows that come late: they belong to the period in which they come', () => {
    const closed = at('2025-03-02T00:00:00Z')
    expect(openEnd(at('2025-03-02T10:00:00Z'), closed, DAY)).toBe(at('2025-03-03T00:00:00Z'))
    expect(openEnd(at('2025-02-20T10:00:00Z'), closed, DAY)).toBe(at('2025-03-03T00:00:00Z'))
    expect(openEnd(at('2025-03-20T10:00:00Z'), closed, DAY)).toBe(at('2025-03-21T00:00:00Z'))
    expect(openEnd(at('2025-03-20T10:00:00Z'), undefined, DAY)).toBe(at('2025-03-21T00:00:00Z'))
  })

  it('are not carried away by a clock that is years ahead, but follow a replay of any time', () => {
    const now = at('2025-03-02T00:00:00Z')
    expect(isAstray(at('2099-01-01T00:00:00Z'), now, now)).toBe(true)
    expect(isAstray(at('2099-01-01T00:00:00Z'), now, undefined)).toBe(false)
    expect(isAstray(at('2099-01-01T00:00:00Z'), now, at('2098-12-31T00:00:00Z'))).toBe(false)
    expect(isAstray(at('1996-05-07T00:00:00Z'), now, at('1995-01-01T00:00:00Z'))).toBe(false)
    expect(isAstray(now + HOUR, now, at('2024-01-01T00:00:00Z'))).toBe(false)
  })
})
