/** The child process that tries expectations: SQL that a person is still writing runs here. */
import { serveAsChild } from '#platform/process'
import { type TriedExpectations, tryExpectations } from './try-expectations.ts'

serveAsChild<TriedExpectations>(tryExpectations)
