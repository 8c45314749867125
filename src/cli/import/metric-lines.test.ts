import { describe, expect, it } from 'vitest'
import { modelPointsIn, pointsIn } from './metric-lines.ts'
import type { Problem } from './source.ts'

function read(file: string, piece = 100) {
  const problems: Problem[] = []
  const pieces = [...pointsIn(file, { run: 'r', key: 'loss', report: (problem) => problems.push(problem), piece })]
  return { pieces, problems }
}

describe('lines of a metric', () => {
  it('are time, value and step, and a dataset where there is one', () => {
    const { pieces, problems } = read('5 0.5 1\n6 1e-05 -2 train set abc\n7 2\n')
    expect(pieces).toEqual([
      {
        ...{ run: 'r', key: 'loss', steps: [1, -2, 0], times: [5, 6, 7], values: [0.5, 1e-5, 2] },
        datasets: [null, { name: 'train set', digest: 'abc' }, null],
      },
    ])
    expect(problems).toEqual([])
  })

  it('have numbers as Python writes them', () => {
    expect(read('1 nan 0\n2 inf 0\n3 -inf 0\n4 1. 0\n').pieces[0]!.values).toEqual([Number.NaN, Infinity, -Infinity, 1])
  })

  it.each(['garbage', '1 0.5 x', '1 0x10 0', '12 ', '1 1e 0', '\u0000\u0000\u0000', '1.5 2 3'])(
    'that are none are told of, and the others come: %j',
    (line) => {
      const { pieces, problems } = read(`1 1 1\n${line}\n2 2 2`)
      expect(pieces[0]!.steps).toEqual([1, 2])
      expect(problems).toMatchObject([{ what: 'run r: metric loss' }])
    },
  )

  it('come in pieces', () => {
    expect(read('1 1 1\n2 2 2\n3 3 3\n', 2).pieces.map((piece) => piece.steps)).toEqual([[1, 2], [3]])
  })

  it('of a model name the run', () => {
    const points = modelPointsIn('5 0.5 1 abc\n6 1 2 abc d 92ed\nhalf', { model: 'm', key: 'k', report: () => {} })
    expect(points).toEqual([
      { run: 'abc', key: 'k', step: 1, at: 5, dataset: null },
      { run: 'abc', key: 'k', step: 2, at: 6, dataset: { name: 'd', digest: '92ed' } },
    ])
  })
})
