import type { World, WorldRow } from '../world.ts'

const features = ['day_of_week', 'period', 'nswprice', 'nswdemand', 'vicprice', 'vicdemand', 'transfer'] as const

/**
 * Elec2 (M. Harries 1999): half hours of the New South Wales electricity market, label 1 when the price is above its
 * mean of the last 24 hours. The first tenth is history; a label is known 48 rows, one day, later.
 */
export function electricityWorld(rows: readonly WorldRow[]): World {
  return {
    name: 'electricity',
    title: 'Electricity market of New South Wales, 1996–1998 (Elec2)',
    simulated: false,
    project: 'examples/electricity',
    table: 'market.csv',
    columns: ['timestamp', ...features, 'class'],
    features,
    rows,
    history: Math.floor(rows.length / 10),
    timeColumns: ['timestamp'],
    labelColumn: 'class',
    task: 'binary',
    positive: 1,
    labelDelay: { rows: 48 },
    schedule: [],
  }
}
