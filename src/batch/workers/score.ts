/** The child process that scores its parts. */
import { serveAsChild } from '#platform/process'
import type { ScoreInput } from '../part.ts'
import { scoreParts } from '../score-parts.ts'

serveAsChild<ScoreInput>((input, progress) => scoreParts(input, (fraction) => progress('scoring', fraction)))
