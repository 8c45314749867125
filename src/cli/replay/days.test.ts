import { describe, expect, it } from 'vitest'
import { rowMillis, telecomWorld } from '#worlds'
import { daysOf } from './days.ts'

const DAY = 86_400_000
const world = telecomWorld({ seed: 7, historyRows: 50, liveRows: 400 })
const days = [...daysOf(world)]

describe('days of a world', () => {
  it('follow each other, and ask for every live row once, in order', () => {
    expect(days.map((day) => day.date)).toEqual([...new Set(days.map((day) => day.date))].sort())
    const asked = days.flatMap((day) => day.asked)
    expect(asked).toEqual(Array.from({ length: 400 }, (_, i) => 50 + i))
  })

  it('tell every label once, none before its thirty days', () => {
    expect(days.flatMap((day) => day.told).sort((a, b) => a - b)).toEqual(days.flatMap((day) => day.asked))
    for (const { date, told } of days)
      for (const row of told) expect(rowMillis(world, world.rows[row]!) + 30 * DAY).toBeLessThan(Date.parse(date) + DAY)
  })

  it('end with the last row asked for', () => {
    const short = [...daysOf(world, 150)]
    expect(short.flatMap((day) => day.asked)).toHaveLength(100)
    expect(short.flatMap((day) => day.told)).toHaveLength(100)
  })
})
