import { Random } from '../random.ts'
import type { Cell, World, WorldRow } from '../world.ts'

const features = [
  'gender',
  'SeniorCitizen',
  'Partner',
  'Dependents',
  'tenure',
  'PhoneService',
  'MultipleLines',
  'InternetService',
  'OnlineSecurity',
  'OnlineBackup',
  'DeviceProtection',
  'TechSupport',
  'StreamingTV',
  'StreamingMovies',
  'Contract',
  'PaperlessBilling',
  'PaymentMethod',
  'MonthlyCharges',
  'TotalCharges',
] as const

const DAY = 86_400_000
const labelDelayDays = 30
const firstLiveDay = Date.UTC(2025, 0, 1)
const customersPerDay = 33

/**
 * The Telco Customer Churn sample: real columns of a fictional company, no time. To replay it, customers arrive in a
 * drawn order at made-up times, 33 a day; nothing drifts, so what a monitor finds in it is a false alarm.
 */
export function telcoChurnWorld(rows: readonly WorldRow[], options: { seed?: number } = {}): World {
  const history = Math.floor(rows.length * 0.6)
  const arrivals = shuffled(rows, new Random(options.seed ?? 7)).map((row, index): WorldRow => {
    // History ends thirty days before the first live day: by then its last label is known.
    const days = (index - history) / customersPerDay - (index < history ? labelDelayDays : 0)
    return {
      ...row,
      TotalCharges: numberOrMissing(row.TotalCharges ?? null),
      event_time: `${new Date(firstLiveDay + Math.floor(days * 86_400) * 1000).toISOString().slice(0, 19)}Z`,
    }
  })
  return {
    name: 'telco-churn',
    title: 'Telco customer churn (IBM sample data)',
    simulated: false,
    note: 'The table has no time: the order and the times of arrival (event_time) are made up.',
    project: 'examples/telco-churn',
    table: 'customers.csv',
    columns: ['customerID', 'event_time', ...features, 'Churn'],
    features,
    rows: arrivals,
    history,
    idColumn: 'customerID',
    timeColumns: ['event_time'],
    labelColumn: 'Churn',
    task: 'binary',
    positive: 'Yes',
    labelDelay: { milliseconds: labelDelayDays * DAY },
    schedule: [],
  }
}

/** The table writes the total of a customer without a bill as a blank. */
function numberOrMissing(cell: Cell): number | null {
  return cell === null || String(cell).trim() === '' ? null : Number(cell)
}

/** Fisher–Yates. */
function shuffled<Item>(items: readonly Item[], random: Random): Item[] {
  const order = [...items]
  for (let i = order.length - 1; i > 0; i--) {
    const j = random.below(i + 1)
    const held = order[i]!
    order[i] = order[j]!
    order[j] = held
  }
  return order
}
