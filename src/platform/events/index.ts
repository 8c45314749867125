export { type Events, type EventHandler, type NewEvent, openEvents, type StoredEvent } from './outbox.ts'
export { eventMigrations } from './migrations.ts'
