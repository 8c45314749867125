import { endWhenReaderIsGone, runCli } from '#cli'

endWhenReaderIsGone(process.argv[2])
process.exitCode = await runCli(process.argv)
