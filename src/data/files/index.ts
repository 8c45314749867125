/**
 * Datasets of files. A door of its own: a command that adds a folder must not wait for tables, databases and schemas
 * to load, and what only some commands need is loaded by them.
 */
export { type Added, type AddRequest, addDataset } from './add.ts'
export type { CheckedOut, CheckoutRequest } from './checkout.ts'
export { knownPointerAt, type Place, placeOf, pointerAt } from './dataset.ts'
export type { DatasetDiff } from './diff.ts'
export { type DataHome, homeFor, openDataHome, repositoryOf } from './home.ts'
export { eachEntryOf, entriesOf } from './dataset.ts'
export type { Entry } from './manifest.ts'
export type { Pointer } from './pointer.ts'
export type { Placement } from './stage.ts'
export const checkouts = () => import('./checkout.ts')
export const differences = () => import('./diff.ts')
export type { DatasetStatus } from './status.ts'
export const statuses = () => import('./status.ts')
export { placesAsked } from './places.ts'
export type { NotPushed } from './check.ts'
export type { Collected } from './gc.ts'
export type { Transferred } from './transfer.ts'
export const transfers = () => import('./transfer.ts')
export const remotes = () => import('./remotes/open.ts')
export const pushChecks = () => import('./check.ts')
export const garbage = () => import('./gc.ts')
export const dvcImports = () => import('./dvc/import.ts')
export { NoRepository } from './errors.ts'
