import type { World, WorldRow } from '../world.ts'
import { bikeSharingWorld } from './bike-sharing.ts'
import { electricityWorld } from './electricity.ts'
import { telcoChurnWorld } from './telco-churn.ts'

const known: readonly { columns: readonly string[]; world: (rows: readonly WorldRow[]) => World }[] = [
  { columns: ['timestamp', 'period', 'nswprice', 'vicprice', 'transfer', 'class'], world: electricityWorld },
  { columns: ['dteday', 'hr', 'weathersit', 'casual', 'registered', 'cnt'], world: bikeSharingWorld },
  { columns: ['customerID', 'tenure', 'Contract', 'TotalCharges', 'Churn'], world: telcoChurnWorld },
]

/** The world a public table stands for, told by the table's columns; `undefined` for a table nobody here knows. */
export function recognizeWorld(columns: readonly string[], rows: readonly WorldRow[]): World | undefined {
  const there = new Set(columns)
  return known.find((table) => table.columns.every((name) => there.has(name)))?.world(rows)
}
