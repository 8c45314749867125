/** What a shell reports of a command that SIGPIPE ended. */
const ENDED_BY_PIPE = 128 + 13
/** Commands that do more than tell: they go on when nobody reads what they say. */
const GO_ON = ['up', 'serve', 'demo', 'camera']

/**
 * A reader that has seen enough (`orrery data diff … | head`) ends a command without a word, as it ends other programs: Node ignores
 * SIGPIPE, and what is written after it would be an uncaught error.
 */
export function endWhenReaderIsGone(command: string | undefined): void {
  for (const stream of [process.stdout, process.stderr])
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error
      if (!GO_ON.includes(command ?? '')) process.exit(ENDED_BY_PIPE)
    })
}
