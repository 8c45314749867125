export { writeCsv } from './csv.ts'
export { frameOf } from './frame.ts'
export { bikeSharingWorld } from './real/bike-sharing.ts'
export { electricityWorld } from './real/electricity.ts'
export { recognizeWorld } from './real/recognize.ts'
export { telcoChurnWorld } from './real/telco-churn.ts'
export { type ReplayOptions, type ReplayStep, replayPlan } from './replay.ts'
export { type TelecomOptions, type TelecomWorld, telecomWorld } from './telecom/world.ts'
export {
  type Cell,
  eventMillis,
  type LabelDelay,
  requestOf,
  rowMillis,
  type World,
  type WorldEvent,
  type WorldRow,
} from './world.ts'
