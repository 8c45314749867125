import { type Column, columnNamed, type Frame } from '#platform/table'
import { FrameMismatch } from './errors.ts'
import type { Feature } from './model.ts'

/** The features of a frame as a model's signature. The empty text counts as missing, as it does on the wire. */
export function featuresOf(frame: Frame): Feature[] {
  const seen = new Set<string>()
  return frame.columns.map((column) => {
    if (seen.has(column.name))
      throw new FrameMismatch(`two columns are called "${column.name}"`, 'Rename or drop one of them.')
    seen.add(column.name)
    return column.kind === 'numeric'
      ? { name: column.name, kind: 'numeric' }
      : { name: column.name, kind: 'categorical', categories: column.categories.filter((c) => c !== '') }
  })
}

/** The columns of `frame` in the order of `features`; extra columns are ignored. */
export function columnsFor(features: readonly Feature[], frame: Frame): Column[] {
  return features.map((feature) => {
    const column = columnNamed(frame, feature.name)
    if (!column)
      throw new FrameMismatch(
        `the frame has no column "${feature.name}"`,
        'Give every feature the model was fitted on.',
      )
    if (column.kind !== feature.kind)
      throw new FrameMismatch(
        `column "${feature.name}" is ${column.kind}, the model expects ${feature.kind}`,
        'Read the column with the type it had in training.',
      )
    return column
  })
}

/**
 * For each row the position of its category in `levels`; `-1` for a missing value (or the empty text), `-2` for a
 * category that is not among them. Categories are matched by their text: another frame may number them otherwise.
 */
export function levelsOf(column: Column, levels: readonly string[]): Int32Array {
  if (column.kind !== 'categorical') throw new TypeError(`column "${column.name}" is not categorical`)
  const position = new Map(levels.map((level, i) => [level, i]))
  const mapped = column.categories.map((text) => (text === '' ? -1 : (position.get(text) ?? -2)))
  return column.codes.map((code) => (code < 0 ? -1 : mapped[code]!))
}
