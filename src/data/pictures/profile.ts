import type { DatabaseSync } from 'node:sqlite'
import { alikeOf, LEAST_CONTRAST, markAlike } from './alike.ts'
import { PICTURE_MEASURES, type PictureProfile } from './contract.ts'
import { type MeasureColumns, outliersOf, quantile } from './outliers.ts'

const BINS = 24
const SHOWN_SIZES = 12
const SHOWN_EXAMPLES = 50
const SHOWN_GROUPS = 24
const SHOWN_OUTLIERS = 32

/**
 * What a folder of pictures is like, but for its thumbnails and what is expected of it. Which pictures are alike and which are
 * far from the others is marked in the table, too.
 *
 * @param database of a new table whose pictures are all there, with what was measured as `kept`
 */
export function describePictures(
  database: DatabaseSync,
  of: { version: string; files: number; madeAt: number },
): Omit<PictureProfile, 'thumbnails' | 'expectations'> {
  const complete = markAlike(database)
  const columns = columnsOf(database)
  const sorted = Object.fromEntries(PICTURE_MEASURES.map((one) => [one, columns.measures[one].toSorted()]))
  const { readable, ...totals } = totalsOf(database)
  return {
    ...of,
    others: of.files - totals.pictures,
    ...totals,
    formats: rowsOf(
      database,
      'select format, count(*) as pictures from pictures where problem is null group by 1 order by 2 desc, 1',
    ),
    sizes: rowsOf(
      database,
      `select width, height, count(*) as pictures from pictures where problem is null group by 1, 2
        order by 3 desc, width || ' ' || height limit ${SHOWN_SIZES}`,
    ),
    measures: (readable === 0 ? {} : shapesOf(sorted as MeasureColumns)) as PictureProfile['measures'],
    personal: personalOf(database),
    unreadable: unreadableOf(database),
    parts: partsOf(database),
    same: alikeOf(database, 'same', { shown: SHOWN_GROUPS }),
    near: alikeOf(database, 'near', { shown: SHOWN_GROUPS, complete }),
    outliers: readable === 0 ? [] : markOutliers(database, columns, sorted as MeasureColumns),
  }
}

/** The hashes of the pictures that a profile shows. */
export function shownPictures({
  same,
  near,
  outliers,
}: Pick<PictureProfile, 'same' | 'near' | 'outliers'>): Set<string> {
  const groups = [...same.shown, ...near.shown].flatMap(({ pictures }) => pictures)
  return new Set([...groups, ...outliers].map(({ hash }) => hash))
}

const rowsOf = <Row>(database: DatabaseSync, sql: string, ...values: (string | number)[]): Row[] =>
  database
    .prepare(sql)
    .all(...values)
    .map((row) => ({ ...row })) as Row[]

type Totals = Pick<PictureProfile, 'pictures' | 'bytes' | 'grey' | 'transparent' | 'turned' | 'blank'> & {
  readable: number
}

function totalsOf(database: DatabaseSync): Totals {
  const count = (condition: string) => `count(*) filter (where ${condition})`
  const [row] = rowsOf<Totals>(
    database,
    `select count(*) as pictures, sum(bytes) as bytes, ${count('problem is null')} as readable, ${count('grey')} as grey,
      ${count('alpha')} as transparent, ${count('orientation <> 1')} as turned,
      ${count(`contrast < ${LEAST_CONTRAST}`)} as blank from pictures`,
  )
  return row!
}

interface Columns {
  /** The number and the hash's first picture of each that could be measured. */
  readonly numbers: Uint32Array
  readonly firsts: Uint32Array
  readonly measures: MeasureColumns
}

function columnsOf(database: DatabaseSync): Columns {
  const { count } = database.prepare('select count(*) as count from pictures where problem is null').get() as {
    count: number
  }
  const [numbers, firsts] = [new Uint32Array(count), new Uint32Array(count)]
  const columns = PICTURE_MEASURES.map(() => new Float64Array(count))
  const rows = database.prepare(
    `select n, first, width, height, cast(width as real) / height, bytes, brightness, contrast, sharpness
      from pictures where problem is null order by n`,
  )
  rows.setReturnArrays(true)
  let at = 0
  for (const row of rows.iterate() as Iterable<unknown> as Iterable<number[]>) {
    numbers[at] = row[0]!
    firsts[at] = row[1]!
    for (let i = 0; i < columns.length; i++) columns[i]![at] = row[2 + i]!
    at++
  }
  const measures = Object.fromEntries(PICTURE_MEASURES.map((measure, i) => [measure, columns[i]!]))
  return { numbers, firsts, measures: measures as MeasureColumns }
}

function shapesOf(columns: MeasureColumns): PictureProfile['measures'] {
  const shapes = PICTURE_MEASURES.map((measure) => {
    const sorted = columns[measure]
    return [measure, { ...histogramOf(sorted), min: sorted[0]!, median: quantile(sorted, 0.5), max: sorted.at(-1)! }]
  })
  return Object.fromEntries(shapes)
}

/** Bins of one width over the middle 98 %: a single giant would squeeze all others into one. */
function histogramOf(sorted: Float64Array): { edges: number[]; counts: number[] } {
  const [low, high] = [quantile(sorted, 0.01), quantile(sorted, 0.99)]
  if (low === high) return { edges: [low, high], counts: [sorted.length] }
  const counts = Array.from({ length: BINS }, () => 0)
  for (const value of sorted) {
    const bin = Math.floor(((value - low) / (high - low)) * BINS)
    counts[Math.min(BINS - 1, Math.max(0, bin))]!++
  }
  return { edges: Array.from({ length: BINS + 1 }, (_, i) => low + ((high - low) * i) / BINS), counts }
}

/** Marks the pictures that lie far from the others; the furthest are told, those with the same bytes once. */
function markOutliers(
  database: DatabaseSync,
  { numbers, firsts, measures }: Columns,
  sorted: MeasureColumns,
): PictureProfile['outliers'] {
  const found = outliersOf(measures, sorted)
  const mark = database.prepare('update pictures set far = ?, far_by = ? where n = ?')
  for (const { at, far, measure } of found) mark.run(far, measure, numbers[at]!)
  const shown = found
    .filter(({ at }) => numbers[at] === firsts[at])
    .sort((a, b) => b.far - a.far || a.at - b.at)
    .slice(0, SHOWN_OUTLIERS)
  const named = database.prepare('select path, lower(hex(hash)) as hash from pictures where n = ?')
  return shown.map(({ at, measure, value, far }) => {
    const { path, hash } = named.get(numbers[at]!) as { path: string; hash: string }
    return { path, hash, measure, value, far }
  })
}

function personalOf(database: DatabaseSync): PictureProfile['personal'] {
  return (['place', 'owner', 'device'] as const).flatMap((kind) => {
    const [{ pictures } = { pictures: 0 }] = rowsOf<{ pictures: number }>(
      database,
      "select count(*) as pictures from pictures where personal <> '' and instr(personal, ?) > 0",
      kind,
    )
    if (pictures === 0) return []
    const examples = rowsOf<{ path: string }>(
      database,
      `select path from pictures where personal <> '' and instr(personal, ?) > 0 order by n limit ${SHOWN_EXAMPLES}`,
      kind,
    )
    return [{ kind, pictures, examples: examples.map(({ path }) => path) }]
  })
}

function unreadableOf(database: DatabaseSync): PictureProfile['unreadable'] {
  type Problem = PictureProfile['unreadable'][number]
  const problems = rowsOf<Pick<Problem, 'problem' | 'pictures'>>(
    database,
    'select problem, count(*) as pictures from pictures where problem is not null group by 1 order by min(n)',
  )
  return problems.map((one) => {
    const examples = rowsOf<Problem['examples'][number]>(
      database,
      `select path, reason from pictures where problem = ? order by n limit ${SHOWN_EXAMPLES}`,
      one.problem,
    )
    return { ...one, examples }
  })
}

function partsOf(database: DatabaseSync): PictureProfile['parts'] {
  const rows = rowsOf<{ part: string | null; name: string | null; pictures: number }>(
    database,
    'select part, class as name, count(*) as pictures from pictures group by 1, 2 order by part, pictures desc, name',
  )
  return [...Map.groupBy(rows, ({ part }) => part)].map(([part, all]) => ({
    part,
    pictures: all.reduce((sum, { pictures }) => sum + pictures, 0),
    classes: all.flatMap(({ name, pictures }) => (name === null ? [] : [{ name, pictures }])),
  }))
}
