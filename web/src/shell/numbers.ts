/** Numbers as people read them: as many digits as carry meaning, a thin space before units, a true minus sign. */

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })
const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 })

/** `40,781` */
export function count(value: number): string {
  return whole.format(value)
}

/** `1.2M`, for places too small for every digit. */
export function shortCount(value: number): string {
  return Math.abs(value) < 10_000 ? whole.format(value) : compact.format(value)
}

/** A measured figure with three digits that matter: `0.858`, `43.1`, `1,204`, `0.00035`. */
export function figure(value: number | null | undefined): string {
  if (value === null || value === undefined || Number.isNaN(value)) return '–'
  if (!Number.isFinite(value)) return value > 0 ? '∞' : '−∞'
  const size = Math.abs(value)
  if (size === 0) return '0'
  if (size < 0.0001) return minus(value.toExponential(1))
  if (size < 1) return minus(size < 0.01 ? value.toPrecision(2) : value.toFixed(3))
  if (size < 10) return minus(value.toFixed(2))
  if (size < 100) return minus(value.toFixed(1))
  return minus(whole.format(value))
}

/** With its sign, for differences: `+0.085`, `−0.012`, `±0`. */
export function signed(value: number | null | undefined): string {
  if (value === null || value === undefined || Number.isNaN(value)) return '–'
  if (value === 0) return '±0'
  return value > 0 ? `+${figure(value)}` : figure(value)
}

/** A share from 0 to 1: `90 %`, `0.4 %`, `< 0.1 %` for what is there and hardly counts. */
export function percent(share: number): string {
  const value = share * 100
  if (value > 0 && value < 0.1) return '< 0.1 %'
  return `${minus(value !== 0 && Math.abs(value) < 1 ? value.toFixed(1) : value.toFixed(0))} %`
}

/** `173 kB` */
export function bytes(size: number): string {
  if (size < 1000) return `${size} B`
  const units = ['kB', 'MB', 'GB', 'TB']
  let value = size / 1000
  let unit = 0
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000
    unit += 1
  }
  return `${value < 10 ? value.toFixed(1) : value.toFixed(0)} ${units[unit]}`
}

/** `0.3 ms`, `41 ms` */
export function milliseconds(value: number | null): string {
  if (value === null) return '–'
  return `${value < 10 ? value.toFixed(1) : value.toFixed(0)} ms`
}

/** "1 run", "2 runs" */
export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`
}

const minus = (text: string) => text.replace('-', '−')
