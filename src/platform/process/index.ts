export { ChildCrashed, ChildTimedOut } from './errors.ts'
export { runInChild } from './run-in-child.ts'
export { serveAsChild } from './serve-as-child.ts'
export { runCommand } from './run-command.ts'
