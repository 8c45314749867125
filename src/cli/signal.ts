/** A signal, or the end of the process that started this one and holds a channel to it. */
export function nextSignal(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve(signal))
    if (!process.channel) return
    process.once('disconnect', () => resolve('the process that started it is gone'))
    // Listening must not keep this process alive when everything else has ended.
    process.channel.unref()
  })
}
