/**
 * Forty rows made of integer arithmetic, so that Python makes the very same ones, and slow plain versions of what the
 * room computes fast. Used by tests only. In NumPy, with `i = np.arange(40)`:
 *
 *     y  = ((i*7+3) % 5 < 2).astype(int)
 *     s  = ((i*37) % 40*15 + y*((i*11) % 7)*43)//25 / 40
 *     s2 = ((i*23) % 40*17 + y*((i*5) % 9)*28)//25 / 40
 *     w  = 1 + (i % 3)
 *     t  = (i*7+i//3) % 3
 *     raw = 1+((i[:,None]*np.array([3,5,11])+np.array([1,4,2])) % 13) + 6*(np.arange(3)[None,:]==t[:,None])*(i[:,None] % 2)
 *     P  = raw / raw.sum(1, keepdims=True)
 *     yr = ((i*13) % 17)*1.5 - 4
 *     pr = yr + ((i*5) % 11 - 4)/3
 */
const rows = (f: (i: number) => number) => Float64Array.from({ length: 40 }, (_, i) => f(i))

export const weights = rows((i) => 1 + (i % 3))

const y = rows((i) => ((i * 7 + 3) % 5 < 2 ? 1 : 0))
export const binary = {
  truth: y,
  scores: rows((i) => Math.floor((((i * 37) % 40) * 15 + y[i]! * ((i * 11) % 7) * 43) / 25) / 40),
  otherScores: rows((i) => Math.floor((((i * 23) % 40) * 17 + y[i]! * ((i * 5) % 9) * 28) / 25) / 40),
}

const t = rows((i) => (i * 7 + Math.floor(i / 3)) % 3)
export const multiclass = {
  truth: t,
  scores: Float64Array.from(
    Array.from({ length: 40 }, (_, i) => {
      const raw = [3, 5, 11].map((k, c) => 1 + ((i * k + [1, 4, 2][c]!) % 13) + (c === t[i] ? 6 * (i % 2) : 0))
      const sum = raw.reduce((a, b) => a + b, 0)
      return raw.map((v) => v / sum)
    }).flat(),
  ),
}

const yr = rows((i) => ((i * 13) % 17) * 1.5 - 4)
export const regression = { truth: yr, scores: rows((i) => yr[i]! + (((i * 5) % 11) - 4) / 3) }

/** ROC-AUC by comparing every positive with every negative. */
export function aucByPairs(truth: Float64Array, scores: Float64Array, w?: Float64Array): number {
  let wins = 0
  let pairs = 0
  for (let i = 0; i < truth.length; i++) {
    for (let j = 0; j < truth.length; j++) {
      if (truth[i] !== 1 || truth[j] !== 0) continue
      const weight = w ? w[i]! * w[j]! : 1
      pairs += weight
      wins += weight * (scores[i]! > scores[j]! ? 1 : scores[i] === scores[j] ? 0.5 : 0)
    }
  }
  return wins / pairs
}
