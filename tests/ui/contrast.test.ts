import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

const CSS = readFileSync(new URL('../../web/src/shell/theme.css', import.meta.url), 'utf8')
const THEMES = ['light', 'dark'] as const

/** `--ink: light-dark(#1a1c1e, #e7e9eb)` of the theme's file, by name and theme. */
const COLOURS = new Map(
  [...CSS.matchAll(/--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)/g)].map(
    ([, name, light, dark]) => [name!, { light: light!, dark: dark! }] as const,
  ),
)

/** Relative luminance and contrast as WCAG 2.2 defines them. */
function luminance(hex: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const channel = Number.parseInt(hex.slice(at, at + 2), 16) / 255
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!
}

function contrast(a: string, b: string): number {
  const [dark, light] = [luminance(a), luminance(b)].sort((x, y) => x - y)
  return (light! + 0.05) / (dark! + 0.05)
}

const TEXT_ON: Record<string, readonly string[]> = {
  ink: ['bg', 'panel', 'raised', 'sunken', 'accent-soft', 'reign-even', 'reign-odd', 'warn-soft'],
  dim: ['bg', 'panel', 'raised', 'sunken', 'accent-soft', 'reign-even', 'reign-odd'],
  accent: ['bg', 'panel', 'raised', 'sunken', 'accent-soft'],
  ok: ['bg', 'panel', 'ok-soft'],
  warn: ['bg', 'panel', 'warn-soft'],
  bad: ['bg', 'panel', 'bad-soft'],
  busy: ['panel', 'accent-soft'],
  'on-accent': ['accent'],
}
/** Marks, lines and borders of controls: 3 : 1. */
const SHAPES_ON: Record<string, readonly string[]> = {
  'line-strong': ['bg', 'panel', 'reign-even', 'reign-odd'],
  accent: ['panel', 'reign-even', 'reign-odd'],
  ok: ['panel'],
  warn: ['panel'],
  bad: ['panel'],
  ...Object.fromEntries(Array.from({ length: 8 }, (_, i) => [`series-${i}`, ['panel']])),
}

describe.each(THEMES)('colours in %s', (theme) => {
  const of = (name: string) => {
    const colour = COLOURS.get(name)
    if (!colour) throw new Error(`theme.css has no --${name}`)
    return colour[theme]
  }
  const pairs = (table: Record<string, readonly string[]>) =>
    Object.entries(table).flatMap(([front, backs]) => backs.map((back) => [front, back] as const))

  it.each(pairs(TEXT_ON))('text %s on %s has the contrast WCAG AA asks for', (front, back) => {
    expect(contrast(of(front), of(back))).toBeGreaterThanOrEqual(4.5)
  })

  it.each(pairs(SHAPES_ON))('shape %s on %s can be told apart', (front, back) => {
    expect(contrast(of(front), of(back))).toBeGreaterThanOrEqual(3)
  })
})
