import { describe, expect, it } from 'vitest'
import { bytes, counted, elapsed, figure, percent, shortHash, signed } from './wording.ts'

describe('figures', () => {
  it.each([
    [figure(0.85432), '0.854'],
    [figure(43.21), '43.2'],
    [figure(null), '–'],
    [figure(Number.NaN), '–'],
    [signed(0.194), '+0.19'],
    [signed(-0.031), '−0.031'],
    [signed(-12.34), '−12.3'],
    [percent(0.1), '10 %'],
    [percent(0.0049), '0.5 %'],
    [counted(1, 'alert'), '1 alert'],
    [counted(45_312, 'row'), '45,312 rows'],
    [elapsed(320), '0.3 s'],
    [elapsed(125_000), '2 min 5 s'],
    [elapsed(12_000_000), '3 h 20 min'],
    [bytes(999), '999 B'],
    [bytes(173_400), '173 kB'],
    [bytes(2_500_000), '2.50 MB'],
    [shortHash('sha256:5b1e9c0011223344'), 'sha256:5b1e9c00…'],
    [shortHash('5b1e9c0011223344'), '5b1e9c00…'],
  ])('%s', (written, expected) => {
    expect(written).toBe(expected)
  })
})
