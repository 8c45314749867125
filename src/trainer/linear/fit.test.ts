import { describe, expect, it } from 'vitest'
import { fitModel } from '../fit.ts'
import type { TabularModel } from '../model.ts'
import { predict } from '../predict.ts'
import { seededRandom } from '../random.ts'
import { numericFrame } from '../synthetic.fixture.ts'
import { minimise } from './lbfgs.ts'
import type { LinearLearner } from './learner.ts'

/** The same rows were given to scikit-learn 1.9.1, standardised with weights and one-hot encoded, C = 1/2 and alpha = 2. */
const INDEX = Array.from({ length: 60 }, (_, i) => i)
const X1 = INDEX.map((i) => Math.sin(i))
const X2 = INDEX.map((i) => 3 * Math.cos(2 * i) + 1)
const SCORE = INDEX.map(
  (i) => Math.fround(X1[i]!) + 0.4 * Math.fround(X2[i]!) + (i % 3 === 2 ? 0.8 : 0) + 1.5 * Math.sin(7 * i),
)
const WEIGHTS = Float64Array.from(INDEX, (i) => 1 + (i % 4))
const FRAME = {
  rows: 60,
  columns: [
    ...numericFrame({ x1: X1, x2: X2 }).columns,
    {
      name: 'c',
      kind: 'categorical',
      codes: Int32Array.from(INDEX, (i) => i % 3),
      categories: ['a', 'b', 'c'],
    } as const,
  ],
}
const RECIPE = { learner: 'logistic', l2: 2 } as const

function linearOf(model: TabularModel): LinearLearner {
  return model.members[0]!.learner as LinearLearner
}

describe('the linear learner agrees with scikit-learn', () => {
  it('on two classes', () => {
    const target = Float64Array.from(SCORE, (s) => (s > 0.6 ? 1 : 0))
    const model = fitModel({ task: 'binary', classes: ['0', '1'] }, RECIPE, { frame: FRAME, target, weights: WEIGHTS })
    const expected = [
      0.7512843495867239, 0.4452742239912698, 0.5498975863273526, 0.7693442181650849, 0.17343676030679953,
    ]
    expect([...predict(model, FRAME).subarray(0, 5)]).toEqual(expected.map((p) => expect.closeTo(p, 7)))
  })

  it('on three classes', () => {
    const target = Float64Array.from(SCORE, (s) => (s < -0.2 ? 0 : s < 1.2 ? 1 : 2))
    const problem = { task: 'multiclass', classes: ['0', '1', '2'] } as const
    const model = fitModel(problem, RECIPE, { frame: FRAME, target, weights: WEIGHTS })
    const expected = [
      [0.08505254828622147, 0.23520546323776265, 0.6797419884760159],
      [0.30917739591918764, 0.3485156707478428, 0.3423069333329696],
      [0.11688002603317446, 0.5234396926724576, 0.3596802812943681],
    ].flat()
    expect([...predict(model, FRAME).subarray(0, 9)]).toEqual(expected.map((p) => expect.closeTo(p, 6)))
  })

  it('on a regression', () => {
    const target = Float64Array.from(SCORE, (s) => 100 + 10 * s)
    const model = fitModel({ task: 'regression' }, RECIPE, { frame: FRAME, target, weights: WEIGHTS })
    const expected = [115.60139901873217, 107.03976134482826, 111.9791118405793, 116.33668935452656, 96.65666508809585]
    expect([...predict(model, FRAME).subarray(0, 5)]).toEqual(expected.map((y) => expect.closeTo(y, 5)))
  })
})

describe('preprocessing', () => {
  const target = Float64Array.from(INDEX, (i) => i % 2)
  const binary = { task: 'binary', classes: ['0', '1'] } as const

  it('fills with the weighted median and marks what was missing', () => {
    const values = INDEX.map((i) => (i % 5 === 0 ? Number.NaN : i))
    const weights = Float64Array.from(INDEX, (i) => (i > 40 ? 100 : 1))
    const { numeric } = linearOf(fitModel(binary, RECIPE, { frame: numericFrame({ values }), target, weights }))
    expect(numeric[0]!.fill).toBeGreaterThan(45)
    expect(numeric[0]!.missing[0]).not.toBe(0)
    const full = linearOf(fitModel(binary, RECIPE, { frame: numericFrame({ x: X1 }), target }))
    expect(full.numeric[0]!.missing).toEqual([0])
  })

  it('counts a missing category as the most frequent unless training knew missing ones', () => {
    const codes = Int32Array.from(INDEX, (i) => (i % 10 < 7 ? 1 : 0))
    const column = { name: 'c', kind: 'categorical', codes, categories: ['rare', 'usual'] } as const
    const { categorical } = linearOf(fitModel(binary, RECIPE, { frame: { rows: 60, columns: [column] }, target }))
    expect(categorical[0]!.missing[0]).toBe(categorical[0]!.coefficients[1])
    const some = { ...column, codes: codes.map((code, i) => (i < 15 ? -1 : code)) }
    const known = linearOf(fitModel(binary, RECIPE, { frame: { rows: 60, columns: [some] }, target })).categorical[0]!
    expect(known.coefficients).not.toContain(known.missing[0])
  })

  it('lets no absurd input decide alone', () => {
    const model = fitModel(binary, RECIPE, {
      frame: numericFrame({ x: X1 }),
      target: Float64Array.from(X1, (x) => +(x > 0)),
    })
    const [tenAway, absurd] = predict(model, numericFrame({ x: [8, 1e30] }))
    expect(absurd).toBe(tenAway)
  })

  it('is as good for columns far from 0 and for a wide design as for others', () => {
    const far = numericFrame({ x: X1.map((x) => 1.7e9 + 1e6 * Math.round(10 * x)) })
    const near = numericFrame({ x: X1.map((x) => Math.round(10 * x)) })
    const y = Float64Array.from(SCORE)
    const a = predict(fitModel({ task: 'regression' }, RECIPE, { frame: far, target: y }), far)
    const b = predict(fitModel({ task: 'regression' }, RECIPE, { frame: near, target: y }), near)
    expect([...a]).toEqual([...b].map((value) => expect.closeTo(value, 3)))
  })

  it('finds the same optimum when the design is too wide to factor', () => {
    // 1,600 levels, of which two matter; merging the others by hand leaves the same problem, small.
    const random = seededRandom(3)
    const rows = 3200
    const x = Array.from({ length: rows }, () => random() - 0.5)
    const y = Float64Array.from(x, (v) => +(v + 0.8 * (random() - 0.5) > 0))
    const codes = Int32Array.from({ length: rows }, (_, i) => i % 1600)
    const categories = Array.from({ length: 1600 }, (_, i) => `id ${i}`)
    const wide = {
      rows,
      columns: [...numericFrame({ x }).columns, { name: 'id', kind: 'categorical', codes, categories } as const],
    }
    const fitted = predict(fitModel(binary, RECIPE, { frame: wide, target: y }), wide)
    // At the optimum the penalised gradient of each level is 0: Σ (p - y) = -l2 × coefficient.
    const learner = linearOf(fitModel(binary, RECIPE, { frame: wide, target: y }))
    const pulls = new Float64Array(1600)
    fitted.forEach((p, r) => {
      pulls[codes[r]!]! += p - y[r]!
    })
    const off = pulls.map((pull, level) => Math.abs(pull + 2 * learner.categorical[0]!.coefficients[level]!))
    expect(Math.max(...off)).toBeLessThan(1e-4)
  })
})

describe('the solver', () => {
  const identity = () => {}

  it('finds the minimum of an ill-conditioned bowl', () => {
    const scales = Float64Array.from({ length: 20 }, (_, i) => 10 ** (i / 4))
    const bowl = (x: Float64Array, gradient: Float64Array) => {
      let value = 0
      x.forEach((at, i) => {
        gradient[i] = scales[i]! * (at - i)
        value += 0.5 * scales[i]! * (at - i) ** 2
      })
      return value
    }
    const { x, converged } = minimise(bowl, identity, new Float64Array(20), 1e-9, 2000)
    expect(converged).toBe(true)
    expect([...x]).toEqual(Array.from(x, (_, i) => expect.closeTo(i, 8)))
    const exact = (v: Float64Array) => {
      v.forEach((value, i) => {
        v[i] = value / scales[i]!
      })
    }
    expect(minimise(bowl, exact, new Float64Array(20), 1e-9, 2000).iterations).toBeLessThan(3)
  })

  it('says when it ran out of iterations', () => {
    const quartic = (x: Float64Array, gradient: Float64Array) => {
      gradient[0] = 4 * x[0]! ** 3
      return x[0]! ** 4
    }
    expect(minimise(quartic, identity, Float64Array.of(3), 1e-12, 2)).toMatchObject({ converged: false, iterations: 2 })
  })
})
