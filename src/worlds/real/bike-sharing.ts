import { eventMillis, type World, type WorldRow } from '../world.ts'

// Without `yr` and `instant`, which give the trend away, and without `casual` and `registered`, whose sum is the label.
const features = [
  'season',
  'mnth',
  'hr',
  'holiday',
  'weekday',
  'workingday',
  'weathersit',
  'temp',
  'atemp',
  'hum',
  'windspeed',
] as const

const liveFrom = Date.UTC(2011, 6, 1)

/**
 * Bike sharing in Washington, D.C. (Fanaee-T and Gama 2013): rentals an hour, 2011–2012. The first half year is
 * history; the count of an hour is known 24 rows, one day, later.
 */
export function bikeSharingWorld(rows: readonly WorldRow[]): World {
  const firstLive = rows.findIndex((row) => eventMillis(String(row.dteday)) >= liveFrom)
  return {
    name: 'bike-sharing',
    title: 'Bike sharing in Washington, D.C., 2011–2012',
    simulated: false,
    project: 'examples/bike-sharing',
    table: 'rentals.csv',
    columns: ['instant', 'dteday', 'yr', ...features, 'casual', 'registered', 'cnt'],
    features,
    rows,
    history: firstLive === -1 ? rows.length : firstLive,
    timeColumns: ['dteday', 'hr'],
    labelColumn: 'cnt',
    task: 'regression',
    labelDelay: { rows: 24 },
    schedule: [],
  }
}
