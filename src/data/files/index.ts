/**
 * Datasets of files. A door of its own: a command that adds a folder must not wait for tables, databases and schemas
 * to load, and what only some commands need is loaded by them.
 */
export { type Added, type AddRequest, addDataset } from './add.ts'
export type { CheckedOut, CheckoutRequest } from './checkout.ts'
export { knownPointerAt, type Place, placeOf, pointerAt } from './dataset.ts'
export type { DatasetDiff } from './diff.ts'
export { type DataHome, homeFor, openDataHome, repositoryOf } from './home.ts'
export type { Entry } from './manifest.ts'
export type { Pointer } from './pointer.ts'
export type { Placement } from './stage.ts'
export const checkouts = () => import('./checkout.ts')
export const differences = () => import('./diff.ts')
