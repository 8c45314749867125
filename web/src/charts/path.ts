/** SVG paths over points of which some are missing: a gap in the data is a gap in the line. */

type Values = readonly (number | null)[]

export function linePath(xs: readonly number[], values: Values, y: (value: number) => number): string {
  let path = ''
  let drawing = false
  values.forEach((value, i) => {
    if (value === null) {
      drawing = false
      return
    }
    path += `${drawing ? 'L' : 'M'}${round(xs[i]!)} ${round(y(value))}`
    drawing = true
  })
  return path
}

/** The area between two lines, one closed piece for each stretch without gaps. */
export function bandPath(xs: readonly number[], lower: Values, upper: Values, y: (value: number) => number): string {
  let path = ''
  let there: string[] = []
  let back: string[] = []
  const close = () => {
    if (there.length > 1) path += `M${there.join('L')}L${back.reverse().join('L')}Z`
    there = []
    back = []
  }
  xs.forEach((x, i) => {
    const low = lower[i] ?? null
    const high = upper[i] ?? null
    if (low === null || high === null) close()
    else {
      there.push(`${round(x)} ${round(y(high))}`)
      back.push(`${round(x)} ${round(y(low))}`)
    }
  })
  close()
  return path
}

/** Tenths of a pixel are all that is seen. */
const round = (value: number) => Math.round(value * 10) / 10
