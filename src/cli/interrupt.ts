import { OrreryError } from '#platform/errors'

export class Interrupted extends OrreryError {
  constructor(signal: string) {
    super({
      code: 'ORRERY_CLI_INTERRUPTED',
      status: 500,
      message: `Interrupted by ${signal} before its end.`,
      hint: 'Start it again; what was acknowledged until then is kept in its home folder.',
    })
  }
}

/** Hears the first interrupt while `work` is done; the second ends this process at once, as it would without. */
export async function interruptible<T>(work: (interrupted: Promise<string>) => Promise<T>): Promise<T> {
  const { promise, resolve } = Promise.withResolvers<string>()
  const signals = ['SIGINT', 'SIGTERM'] as const
  const listeners = signals.map((signal) => [signal, () => resolve(signal)] as const)
  for (const [signal, listener] of listeners) process.once(signal, listener)
  try {
    return await work(promise)
  } finally {
    for (const [signal, listener] of listeners) process.off(signal, listener)
  }
}
