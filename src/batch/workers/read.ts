/** The child process that makes the input readable by number of row. */
import { serveAsChild } from '#platform/process'
import { type ReadInput, readInput } from '../read-input.ts'

serveAsChild<ReadInput>((input) => readInput(input))
