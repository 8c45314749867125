export * from './errors.ts'
export { type Exports, openExports } from './exports.ts'
export { mountExports } from './routes.ts'
