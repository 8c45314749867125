/** The public tables the trainer is measured and tested on, read from `../shared/data` beside the repository. */
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Column, Frame } from '#platform/table'
import type { LabelledRows } from '#trainer'

const FILES = {
  telco: 'telco-churn/Telco-Customer-Churn.csv',
  elec2: 'elec2/elec2.csv',
  bikes: 'bike-sharing/hour.csv',
}

export type TableName = keyof typeof FILES

export function pathOf(table: TableName): string {
  return fileURLToPath(new URL(`../../../shared/data/${FILES[table]}`, import.meta.url))
}

export function hasTable(table: TableName): boolean {
  return existsSync(pathOf(table))
}

/** Churn of a telecom's customers: binary, 19 features, most of them categorical. */
export function telco(): LabelledRows {
  const table = readTable('telco')
  return {
    frame: frameOf(table, ['customerID', 'Churn'], ['tenure', 'MonthlyCharges', 'TotalCharges']),
    target: Float64Array.from(cells(table, 'Churn'), (text) => (text === 'Yes' ? 1 : 0)),
  }
}

/** Direction of an electricity price: binary, 7 numeric features, in time order. */
export function elec2(): LabelledRows {
  const table = readTable('elec2')
  const drop = ['timestamp', 'class']
  return {
    frame: frameOf(table, drop, table.header),
    target: Float64Array.from(cells(table, 'class'), Number),
  }
}

/** Bicycles hired per hour: regression, numeric and categorical features, in time order. */
export function bikes(): LabelledRows {
  const table = readTable('bikes')
  const drop = ['instant', 'dteday', 'yr', 'casual', 'registered', 'cnt']
  return {
    frame: frameOf(table, drop, ['mnth', 'hr', 'temp', 'atemp', 'hum', 'windspeed']),
    target: Float64Array.from(cells(table, 'cnt'), Number),
  }
}

interface Table {
  readonly header: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

/** These files quote nothing, so a comma always parts two cells. */
function readTable(name: TableName): Table {
  const [header, ...rows] = readFileSync(pathOf(name), 'utf8').trimEnd().split(/\r?\n/)
  return { header: header!.split(','), rows: rows.map((row) => row.split(',')) }
}

function cells(table: Table, name: string): string[] {
  const at = table.header.indexOf(name)
  return table.rows.map((row) => row[at]!.trim())
}

function frameOf(table: Table, drop: readonly string[], numeric: readonly string[]): Frame {
  const columns = table.header
    .filter((name) => !drop.includes(name))
    .map((name): Column => {
      const texts = cells(table, name)
      if (numeric.includes(name))
        return { name, kind: 'numeric', values: Float64Array.from(texts, (t) => (t === '' ? Number.NaN : Number(t))) }
      const categories = [...new Set(texts)].sort()
      const codeOf = new Map(categories.map((text, code) => [text, code]))
      return { name, kind: 'categorical', codes: Int32Array.from(texts, (t) => codeOf.get(t)!), categories }
    })
  return { rows: table.rows.length, columns }
}
