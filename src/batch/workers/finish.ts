/** The child process that puts the output in its place. */
import { serveAsChild } from '#platform/process'
import { type FinishInput, finish } from '../finish.ts'

serveAsChild<FinishInput>((input) => finish(input))
