export { type Clock, systemClock } from './clock.ts'
export { DURATION_PATTERN, formatDuration, parseDuration } from './duration.ts'
export { nextTime, openSchedules, type Scheduled, type Schedules } from './schedules.ts'
