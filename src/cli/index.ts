export { runCli } from './program.ts'
export { endWhenReaderIsGone } from './reader-gone.ts'
