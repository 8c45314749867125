export { webhookMigrations } from './migrations.ts'
export { mountWebhooks } from './routes.ts'
export { signatureOf } from './signature.ts'
export { type Language, type Message, openWebhooks, type Webhooks } from './webhooks.ts'
