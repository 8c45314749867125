import { OrreryError } from '#platform/errors'

/** Numbers for people: `12,345`. */
const count = (n: number) => n.toLocaleString('en-US')

/** A cell as it is shown in a message: quoted, and never longer than a line can bear. */
const cell = (value: string) => JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value)

const listed = (names: readonly string[]) =>
  names
    .slice(0, 8)
    .map((name) => `"${name}"`)
    .join(', ') + (names.length > 8 ? ` and ${names.length - 8} more` : '')

/** Where in a source something was found; lines count from 1, the header included. */
export interface Place {
  file: string
  line?: number | undefined
  /** Row of data, from 1, where a format has no lines. */
  row?: number | undefined
}

export function placeText(place: Place): string {
  if (place.line !== undefined) return `line ${count(place.line)} of ${place.file}`
  if (place.row !== undefined) return `row ${count(place.row)} of ${place.file}`
  return place.file
}

/* The source itself */

export class SourceNotFound extends OrreryError {
  constructor(source: string, folder: string, what = 'nothing') {
    super({
      code: 'ORRERY_DATA_SOURCE_NOT_FOUND',
      status: 422,
      message: `There is ${what} at ${source} (looked from ${folder}).`,
      hint: 'Check the path in `source`; a relative one starts at the project folder.',
      details: { source },
    })
  }
}

export class SourceNotAFile extends OrreryError {
  constructor(source: string) {
    super({
      code: 'ORRERY_DATA_SOURCE_NOT_A_FILE',
      status: 422,
      message: `${source} is no file.`,
      hint: 'Name a file, or a glob such as `tables/*.csv` for all of the tables in a folder.',
      details: { source },
    })
  }
}

export class SourceUnreadable extends OrreryError {
  constructor(source: string, reason: string) {
    super({
      code: 'ORRERY_DATA_SOURCE_UNREADABLE',
      status: 422,
      message: `${source} cannot be read: ${reason}.`,
      hint: 'Give the user that runs Orrery the right to read this file.',
      details: { source },
    })
  }
}

export class SourceUnreachable extends OrreryError {
  constructor(
    url: string,
    reason: string,
    hint = 'Open the address from this machine; behind a proxy, download the file and name its path with the same sha256.',
  ) {
    super({
      code: 'ORRERY_DATA_SOURCE_UNREACHABLE',
      status: 502,
      message: `${url} cannot be fetched: ${reason}.`,
      hint,
      details: { url },
    })
  }
}

export class SourceDenied extends OrreryError {
  constructor(source: string, reason: string, hint = 'Check the secret that is sent, and what it allows.') {
    super({
      code: 'ORRERY_DATA_SOURCE_DENIED',
      status: 422,
      message: `${source} does not let us in: ${reason}.`,
      hint,
      details: { source },
    })
  }
}

export class SecretMissing extends OrreryError {
  constructor(name: string) {
    super({
      code: 'ORRERY_DATA_SECRET_MISSING',
      status: 422,
      message: `There is no secret ${name}.`,
      hint: `Set ORRERY_SECRET_${name} where this runs, or put its value into a file ${name} in the folder that ORRERY_SECRETS names.`,
      details: { secret: name },
    })
  }
}

export class AnswerUnreadable extends OrreryError {
  constructor(url: string, why: string) {
    super({
      code: 'ORRERY_DATA_ANSWER_UNREADABLE',
      status: 502,
      message: `The answer of ${url} cannot be used: ${why}.`,
      hint: 'Ask it by hand (curl) with the same headers, and compare the answer with `request:` in orrery.yaml.',
      details: { url },
    })
  }
}

export class PagingEndless extends OrreryError {
  constructor(url: string, why: string) {
    super({
      code: 'ORRERY_DATA_PAGING_ENDLESS',
      status: 422,
      message: `The pages of ${url} do not end: ${why}.`,
      hint: 'Check `next`, `page` or `cursor` under `request:`; raise `most` if there really are so many pages.',
      details: { url },
    })
  }
}

export class QueryFailed extends OrreryError {
  constructor(source: string, why: string) {
    super({
      code: 'ORRERY_DATA_QUERY_FAILED',
      status: 422,
      message: `${source} refused the query: ${why}.`,
      hint: 'Run the query in a client of the database with the same login; only one SELECT is taken.',
      details: { source },
    })
  }
}

export class SourceNeedsServer extends OrreryError {
  constructor(source: string) {
    super({
      code: 'ORRERY_DATA_SOURCE_NEEDS_SERVER',
      status: 422,
      message: `What ${source} is, only a server knows.`,
      hint: 'Name the server with --server or ORRERY_SERVER.',
      details: { source },
    })
  }
}

export class SourceNotOfServer extends OrreryError {
  constructor(dataset: string, source: string) {
    super({
      code: 'ORRERY_DATA_SOURCE_NOT_OF_SERVER',
      status: 409,
      message: `${dataset} comes from ${source}, which is no upload and no prediction log.`,
      hint: 'Read it from there, or take one of its versions.',
      details: { dataset },
    })
  }
}

export class UploadNotTaken extends OrreryError {
  constructor(dataset: string, source: string) {
    super({
      code: 'ORRERY_DATA_UPLOAD_NOT_TAKEN',
      status: 409,
      message: `${dataset} takes no uploads: its rows come from ${source}.`,
      hint: 'Write `source: upload://` for a data set that people upload, and apply the project file.',
      details: { dataset },
    })
  }
}

export class SourceUnpinned extends OrreryError {
  constructor(url: string) {
    super({
      code: 'ORRERY_DATA_SOURCE_UNPINNED',
      status: 422,
      message: `${url} has no sha256, so it could change unseen.`,
      hint: 'Add `sha256:` with what `sha256sum` prints for the file you looked at, or `poll: 1d` if it is meant to change.',
      details: { url },
    })
  }
}

export class SourceAltered extends OrreryError {
  constructor(source: string, expected: string, actual: string) {
    super({
      code: 'ORRERY_DATA_SOURCE_ALTERED',
      status: 422,
      message: `${source} is not what it was: its sha256 is ${actual}, expected ${expected}.`,
      hint: 'Look at what changed; if the new content is wanted, write its sha256 into `sha256`.',
      details: { source, expected, actual },
    })
  }
}

export class SourceChangedWhileRead extends OrreryError {
  constructor(file: string) {
    super({
      code: 'ORRERY_DATA_SOURCE_CHANGED_WHILE_READ',
      status: 409,
      message: `${file} was written to while it was read.`,
      hint: 'Run again when the file is complete; write aside and rename so that readers never see half a file.',
      details: { file },
    })
  }
}

export class SourceTooLarge extends OrreryError {
  constructor(source: string, limit: number) {
    super({
      code: 'ORRERY_DATA_SOURCE_TOO_LARGE',
      status: 422,
      message: `${source} is larger than the ${Math.round(limit / 1e6)} MB that are downloaded.`,
      hint: 'Download it yourself and name its path: files on this machine have no such limit.',
      details: { source, limit },
    })
  }
}

export class FormatUnknown extends OrreryError {
  constructor(file: string, what: string) {
    super({
      code: 'ORRERY_DATA_FORMAT_UNKNOWN',
      status: 422,
      message: `${file} ${what}.`,
      hint: 'Use CSV, TSV, JSON lines, Parquet, Arrow or Excel (.xlsx); gzip and zstd are unpacked, other archives are not.',
      details: { file },
    })
  }
}

export class TooManyFiles extends OrreryError {
  constructor(source: string, limit: number) {
    super({
      code: 'ORRERY_DATA_TOO_MANY_FILES',
      status: 422,
      message: `${source} is more than ${count(limit)} files.`,
      hint: 'Narrow the glob, or put the rows of many small files into fewer large ones.',
      details: { source, limit },
    })
  }
}

export class CompressedBroken extends OrreryError {
  constructor(file: string, packed: string, why: string) {
    super({
      code: 'ORRERY_DATA_COMPRESSED_BROKEN',
      status: 422,
      message: `${file} is no whole ${packed} file: ${why}.`,
      hint: 'Copy or export it again; a file that was cut off cannot be unpacked.',
      details: { file },
    })
  }
}

export class UnpackedTooLarge extends OrreryError {
  constructor(file: string, why: string) {
    super({
      code: 'ORRERY_DATA_UNPACKED_TOO_LARGE',
      status: 422,
      message: `${file} grows too much when it is unpacked: ${why}.`,
      hint: 'If it is no attack but a table, unpack it yourself and name what came out.',
      details: { file },
    })
  }
}

export class SpreadsheetBroken extends OrreryError {
  constructor(file: string, why: string) {
    super({
      code: 'ORRERY_DATA_SPREADSHEET_BROKEN',
      status: 422,
      message: `${file} cannot be read as a spreadsheet: ${why}.`,
      hint: 'Open it in a spreadsheet program and save it again as .xlsx, or export the sheet as CSV.',
      details: { file },
    })
  }
}

export class SheetUnknown extends OrreryError {
  constructor(file: string, sheet: string, sheets: readonly string[]) {
    super({
      code: 'ORRERY_DATA_SHEET_UNKNOWN',
      status: 422,
      message: `${file} has no sheet "${sheet}"; there ${sheets.length === 1 ? 'is' : 'are'} ${listed(sheets)}.`,
      hint: 'Write one of them under `sheet`, or leave it away for the first.',
      details: { file, sheet, sheets: sheets.slice(0, 100) },
    })
  }
}

export class ArrowBroken extends OrreryError {
  constructor(file: string, why: string) {
    super({
      code: 'ORRERY_DATA_ARROW_BROKEN',
      status: 422,
      message: `${file} is no whole Arrow file: ${why}.`,
      hint: 'Copy or export it again; an Arrow file that was cut off has lost its end.',
      details: { file },
    })
  }
}

/* Bytes and rows */

export class NotUtf8 extends OrreryError {
  constructor(place: Place, offset: number, what: string) {
    super({
      code: 'ORRERY_DATA_NOT_UTF8',
      status: 422,
      message: `${placeText(place)} is no UTF-8: ${what} at byte ${count(offset)}.`,
      hint: 'Convert it: iconv -f WINDOWS-1252 -t UTF-8 in.csv > out.csv (or -f UTF-16).',
      details: { ...place, offset },
    })
  }
}

export class HeaderMissing extends OrreryError {
  constructor(file: string, why: string) {
    super({
      code: 'ORRERY_DATA_HEADER_MISSING',
      status: 422,
      message: `The first line of ${file} does not name the columns: ${why}.`,
      hint: 'Add a first line with one name for each column.',
      details: { file },
    })
  }
}

export class TableEmpty extends OrreryError {
  constructor(file: string, what: string, hint?: string) {
    super({
      code: 'ORRERY_DATA_TABLE_EMPTY',
      status: 422,
      message: `${file} ${what}.`,
      hint: hint ?? 'Check the export that wrote it; a table needs at least one row of data.',
      details: { file },
    })
  }
}

export class ColumnsDuplicate extends OrreryError {
  constructor(file: string, names: readonly string[]) {
    super({
      code: 'ORRERY_DATA_COLUMNS_DUPLICATE',
      status: 422,
      message: `${file} has more than one column called ${listed(names)} (upper and lower case count as the same).`,
      hint: 'Rename or drop all but one of them.',
      details: { file, columns: names.slice(0, 100) },
    })
  }
}

export class TooManyColumns extends OrreryError {
  constructor(file: string, columns: number, limit: number) {
    super({
      code: 'ORRERY_DATA_TOO_MANY_COLUMNS',
      status: 422,
      message: `${file} has ${count(columns)} columns; at most ${count(limit)} are read.`,
      hint: 'Keep the columns a model needs, or turn a wide table into a long one (entity, name, value).',
      details: { file, columns, limit },
    })
  }
}

export class RowRagged extends OrreryError {
  constructor(place: Place, expected: number, found: number) {
    super({
      code: 'ORRERY_DATA_ROW_RAGGED',
      status: 422,
      message: `${placeText(place)} has ${count(found)} cells, the header has ${count(expected)}.`,
      hint: 'Look at that line: a delimiter inside a cell needs double quotes round the cell.',
      details: { ...place, expected, found },
    })
  }
}

export class RowMalformed extends OrreryError {
  constructor(place: Place, why: string, hint: string) {
    super({
      code: 'ORRERY_DATA_ROW_MALFORMED',
      status: 422,
      message: `${placeText(place)} cannot be read: ${why}.`,
      hint,
      details: { ...place },
    })
  }
}

export class ParquetBroken extends OrreryError {
  constructor(file: string, why: string) {
    super({
      code: 'ORRERY_DATA_PARQUET_BROKEN',
      status: 422,
      message: `${file} is no whole Parquet file: ${why}.`,
      hint: 'Copy or export it again; a Parquet file that was cut off has lost its footer.',
      details: { file },
    })
  }
}

export class ColumnUnsupported extends OrreryError {
  constructor(file: string, column: string, type: string) {
    super({
      code: 'ORRERY_DATA_COLUMN_UNSUPPORTED',
      status: 422,
      message: `Column "${column}" of ${file} holds ${type}, which is no single value per row.`,
      hint: 'Flatten it into columns of numbers, text or times, or list it under `ignore`.',
      details: { file, column, type },
    })
  }
}

export class FilesDiffer extends OrreryError {
  constructor(first: string, other: string, what: string) {
    super({
      code: 'ORRERY_DATA_FILES_DIFFER',
      status: 422,
      message: `${other} has other columns than ${first}: ${what}.`,
      hint: 'All files of a glob are one table: give them the same header, or narrow the glob.',
      details: { first, other },
    })
  }
}

export class MemoryExceeded extends OrreryError {
  constructor(limitMb: number) {
    super({
      code: 'ORRERY_DATA_MEMORY_EXCEEDED',
      status: 422,
      message: `The table does not fit the ${limitMb} MB set aside for reading it.`,
      hint: 'Leave out columns with very long cells, or split the table into several files and use a glob.',
      details: { limitMb },
    })
  }
}

export class DiskFull extends OrreryError {
  constructor(path: string | undefined) {
    super({
      code: 'ORRERY_DATA_DISK_FULL',
      status: 507,
      message: `The disk is full: ${path ? `${path} could not be written` : 'a table could not be written'}.`,
      hint: 'Free some space where Orrery keeps its files and run again; what was stored before is untouched.',
      details: { path },
    })
  }
}

/* Columns and what they hold */

export class ColumnsMissing extends OrreryError {
  constructor(missing: readonly string[], what: string, hint: string) {
    super({
      code: 'ORRERY_DATA_COLUMNS_MISSING',
      status: 422,
      message: `The table lacks ${listed(missing)}, ${what}.`,
      hint,
      details: { columns: missing.slice(0, 100) },
    })
  }
}

export class SchemaSkew extends OrreryError {
  constructor(fields: { column: string; was: string; place: Place; value: string; bad: number; rows: number }) {
    super({
      code: 'ORRERY_DATA_SCHEMA_SKEW',
      status: 422,
      message: `Column "${fields.column}" was ${fields.was} and no longer is in ${count(fields.bad)} of ${count(fields.rows)} rows (${placeText(fields.place)}: ${cell(fields.value)}).`,
      hint: `Mend the source, or accept the value: add missing: [${cell(fields.value)}] under columns.${fields.column} in orrery.yaml.`,
      details: { ...fields },
    })
  }
}

export class MixedTypes extends OrreryError {
  constructor(fields: { column: string; type: string; place: Place; value: string; bad: number; rows: number }) {
    super({
      code: 'ORRERY_DATA_MIXED_TYPES',
      status: 422,
      message: `Column "${fields.column}" holds ${fields.type} but for ${count(fields.bad)} of ${count(fields.rows)} values: ${cell(fields.value)} in ${placeText(fields.place)}.`,
      hint: `Mend the source; or say what it means under columns.${fields.column} in orrery.yaml: missing: [${cell(fields.value)}] if there is no value, type: text if it is no number.`,
      details: { ...fields },
    })
  }
}

export class TimeUnreadable extends OrreryError {
  constructor(column: string, place: Place, value: string | null) {
    super({
      code: 'ORRERY_DATA_TIME_UNREADABLE',
      status: 422,
      message: `The time column "${column}" ${value === null ? 'is missing' : `holds ${cell(value)}`} in ${placeText(place)}.`,
      hint: 'Every row needs its time: write it as 2025-03-01T09:30:00Z, 2025-03-01 or milliseconds since 1970; a second column of `time` holds hours (9.5) or 09:30.',
      details: { column, ...place, value },
    })
  }
}

/* The label */

export class LabelColumnMissing extends OrreryError {
  constructor(label: string, columns: readonly string[], nearest: string | undefined) {
    super({
      code: 'ORRERY_DATA_LABEL_COLUMN_MISSING',
      status: 422,
      message: `There is no label column "${label}"; the columns are ${listed(columns)}.`,
      hint: nearest
        ? `Did you mean "${nearest}"? Write it under \`label\`.`
        : 'Write one of the columns under `label`.',
      details: { label, nearest },
    })
  }
}

export class LabelValuesMissing extends OrreryError {
  constructor(label: string, missing: number, rows: number, place: Place) {
    const all = missing === rows
    super({
      code: 'ORRERY_DATA_LABEL_VALUES_MISSING',
      status: 422,
      message: all
        ? `The label "${label}" is missing in every row.`
        : `The label "${label}" is missing in ${count(missing)} of ${count(rows)} rows, the first in ${placeText(place)}.`,
      hint: all
        ? 'A model learns from known answers: join them into the table first.'
        : 'Drop those rows; or, if their labels are still to come, say when with `label_arrives_after`: they are then kept out of the split.',
      details: { label, missing, rows },
    })
  }
}

export class LabelOneClass extends OrreryError {
  constructor(label: string, value: string, rows: number) {
    super({
      code: 'ORRERY_DATA_LABEL_ONE_CLASS',
      status: 422,
      message: `The label "${label}" is ${cell(value)} in all ${count(rows)} labelled rows: there is nothing to tell apart.`,
      hint: 'Check the filter that made this table, or take a longer period that has both outcomes.',
      details: { label, value },
    })
  }
}

export class LabelTooManyClasses extends OrreryError {
  constructor(label: string, classes: number, limit: number) {
    super({
      code: 'ORRERY_DATA_LABEL_TOO_MANY_CLASSES',
      status: 422,
      message: `The label "${label}" has ${count(classes)} different values; at most ${count(limit)} classes are told apart.`,
      hint: 'Check that `label` names the right column; for a number to be predicted write `task: regression`.',
      details: { label, classes, limit },
    })
  }
}

export class LabelUnfit extends OrreryError {
  constructor(label: string, why: string, hint: string) {
    super({
      code: 'ORRERY_DATA_LABEL_UNFIT',
      status: 422,
      message: `The label "${label}" ${why}.`,
      hint,
      details: { label },
    })
  }
}

export class SplitEmpty extends OrreryError {
  constructor(part: string, rows: number, by: string) {
    const same =
      by === 'group' || by === 'hash'
        ? 'name a column with more values under `column`'
        : 'split `by: random` if many rows have the same time'
    super({
      code: 'ORRERY_DATA_SPLIT_EMPTY',
      status: 422,
      message: `No row falls into the ${part} part when ${count(rows)} labelled rows are split.`,
      hint: `Bring more rows, give that part a larger share, or ${same}.`,
      details: { part, rows },
    })
  }
}

/** Not the user's doing: the table or the way rows are split is not what it was when the version was made. */
export class SplitChanged extends OrreryError {
  constructor(expected: string, actual: string) {
    super({
      code: 'ORRERY_DATA_SPLIT_CHANGED',
      status: 500,
      message: `The split of this version is ${expected}, but its rows now split into ${actual}.`,
      hint: 'Make a new version of the dataset: run the pipeline again; report this, since it should not happen.',
      details: { expected, actual },
    })
  }
}

export class NotSplit extends OrreryError {
  constructor(version: string) {
    super({
      code: 'ORRERY_DATA_NOT_SPLIT',
      status: 409,
      message: `${version} has no split: its rows are in no part.`,
      hint: 'Give the data set a `label` and a `split` in orrery.yaml, and make a version.',
    })
  }
}

export class ExpectationsFailed extends OrreryError {
  constructor(failed: readonly { expectation: string; observed: string }[]) {
    super({
      code: 'ORRERY_DATA_EXPECTATIONS_FAILED',
      status: 422,
      message: `The data is not as expected: ${failed.map((one) => `${one.expectation}, but ${one.observed}`).join('; ')}.`,
      hint: 'Mend the source, change the expectation in orrery.yaml, or let it only warn with `otherwise: warn`.',
      details: { failed },
    })
  }
}

/* Preparation */

export class RecipeUnreadable extends OrreryError {
  constructor(problems: readonly { step: number | null; wrong: string; todo: string }[]) {
    const { step, wrong, todo } = problems[0]!
    super({
      code: 'ORRERY_DATA_RECIPE_UNREADABLE',
      status: 422,
      message: step === null ? `The recipe cannot be read: ${wrong}.` : `Step ${step + 1} of the recipe: ${wrong}.`,
      hint: todo,
      details: { problems: problems.slice(0, 20) },
    })
  }
}

export class PreviewReplaced extends OrreryError {
  constructor(dataset: string) {
    super({
      code: 'ORRERY_DATA_PREVIEW_REPLACED',
      status: 409,
      message: `A newer recipe of ${dataset} is tried out.`,
      hint: 'Look at the newer one; one recipe of a data set is tried at a time.',
      details: { dataset },
    })
  }
}

export class StepRefused extends OrreryError {
  /** @param step its number in the recipe, from 0 */
  constructor(step: number, why: string, todo: string) {
    super({
      code: 'ORRERY_DATA_STEP_REFUSED',
      status: 422,
      message: `Step ${step + 1} of \`prepare\` cannot be done: ${why}.`,
      hint: todo,
      details: { step },
    })
  }
}

export class RecipeCircular extends OrreryError {
  /** @param circle names of data sets, each read by the recipe of the one before, the last the first again */
  constructor(circle: readonly string[]) {
    super({
      code: 'ORRERY_DATA_RECIPE_CIRCULAR',
      status: 422,
      message: `Data sets are made from each other: ${circle.join(' reads ')}.`,
      hint: 'Break the circle: a table that a query names must not be made from the data set of the query.',
      details: { circle },
    })
  }
}

/** What another data set, which a recipe reads, could not be read for. */
export class JoinedTableUnreadable extends OrreryError {
  /** The error to throw for one that reading `other` threw. */
  static of(dataset: string, other: string, error: unknown): unknown {
    // A circle names all data sets in it already.
    if (!(error instanceof OrreryError) || error instanceof RecipeCircular) return error
    return new JoinedTableUnreadable(dataset, other, error)
  }

  constructor(dataset: string, other: string, error: OrreryError) {
    super({
      code: 'ORRERY_DATA_JOINED_TABLE_UNREADABLE',
      status: error.status,
      message: `The recipe of ${dataset} reads ${other}, which cannot be read: ${error.message}`,
      hint: error.hint,
      details: { dataset: other, code: error.code },
    })
  }
}

export class PreparedColumnsAlike extends OrreryError {
  constructor(one: string, other: string) {
    super({
      code: 'ORRERY_DATA_PREPARED_COLUMNS_ALIKE',
      status: 422,
      message: `The recipe makes columns "${one}" and "${other}", whose names differ by case alone; a table for a training command cannot have both.`,
      hint: 'Write the values in one way before they are encoded: clean: { columns: [...], replace: { ... } }.',
    })
  }
}

/* What is kept */

export class DiffOfOtherProjects extends OrreryError {
  constructor() {
    super({
      code: 'ORRERY_DATA_DIFF_OF_OTHER_PROJECTS',
      status: 422,
      message: 'The two versions belong to different projects.',
      hint: 'Compare versions within a project; who may read one need not be allowed to read the other.',
    })
  }
}

export class DiffKeyRepeats extends OrreryError {
  constructor(key: readonly string[], value: readonly string[], often: number, side: 'first' | 'second') {
    super({
      code: 'ORRERY_DATA_DIFF_KEY_REPEATS',
      status: 422,
      message: `${listed(key)} names no single row: ${value.map(cell).join(', ')} occurs ${count(often)} times in the ${side} table.`,
      hint: 'Name more columns that together are different in every row, or none to compare rows as a whole.',
    })
  }
}

export class ImportUnreadable extends OrreryError {
  constructor(file: string, reason: string) {
    super({
      code: 'ORRERY_DATA_IMPORT_UNREADABLE',
      status: 422,
      message: `${file} holds no expectations that can be read: ${reason}.`,
      hint: 'Give a Great Expectations suite in JSON, or what a Pandera schema writes with to_yaml or to_json.',
    })
  }
}

export class NothingLeft extends OrreryError {
  constructor(results: readonly { expectation: string; failing: number }[]) {
    const worst = results.toSorted((a, b) => b.failing - a.failing)[0]
    super({
      code: 'ORRERY_DATA_NOTHING_LEFT',
      status: 422,
      message: `Every row was set aside: ${worst?.expectation ?? 'an expectation'} holds for none.`,
      hint: 'An expectation that no row meets is wrong, or the source is; write `mostly:` to stop before so many rows go.',
    })
  }
}

export class ExpectationListUnreadable extends OrreryError {
  constructor(problems: readonly { entry: number | null; wrong: string; todo: string }[]) {
    const { entry, wrong, todo } = problems[0]!
    super({
      code: 'ORRERY_DATA_EXPECTATION_LIST_UNREADABLE',
      status: 422,
      message: entry === null ? `The expectations cannot be read: ${wrong}.` : `Expectation ${entry + 1}: ${wrong}.`,
      hint: todo,
      details: { problems: problems.slice(0, 20) },
    })
  }
}

export class ExpectationUnreadable extends OrreryError {
  constructor(written: string, reason: string) {
    super({
      code: 'ORRERY_DATA_EXPECTATION_UNREADABLE',
      status: 422,
      message: `The expectation ${cell(written)} cannot be read: ${reason}.`,
      hint: 'Write one SQL expression over the columns of a row, such as: amount > 0; regular expressions are RE2’s.',
      details: { written },
    })
  }
}

export class DatasetUnknown extends OrreryError {
  constructor(project: string, dataset: string) {
    super({
      code: 'ORRERY_DATA_DATASET_UNKNOWN',
      status: 404,
      message: `Project "${project}" has no dataset "${dataset}" yet.`,
      hint: `See GET /api/projects/${project}/datasets; a first run of the pipeline makes its first version.`,
    })
  }
}

export class DataVersionUnknown extends OrreryError {
  constructor(version: string) {
    super({
      code: 'ORRERY_DATA_VERSION_UNKNOWN',
      status: 404,
      message: `There is no data version ${version}.`,
      hint: 'List the versions of its dataset: GET /api/projects/<project>/datasets/<dataset>/versions.',
    })
  }
}
