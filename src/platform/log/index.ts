import { pino, type Logger as PinoLogger } from 'pino'

export type Logger = PinoLogger

/** Structured logs, one JSON object a line; secrets are masked wherever they appear. */
export function openLog(options: { level: string; file?: string }): Logger {
  const destination = options.file
    ? pino.destination({ dest: options.file, mkdir: true, sync: false })
    : pino.destination(2)
  return pino(
    {
      level: options.level,
      base: null,
      redact: { paths: ['req.headers.authorization', '*.token', '*.password', '*.secret'], censor: '***' },
    },
    destination,
  )
}
