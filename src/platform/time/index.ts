export { type Clock, systemClock } from './clock.ts'
export { DURATION_PATTERN, formatDuration, parseDuration } from './duration.ts'
