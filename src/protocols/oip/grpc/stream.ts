import type { ServerDuplexStream, ServiceError } from '@grpc/grpc-js'

/** Requests of one stream that are answered at the same time, so that they share runs; what comes beyond waits unread. */
const MOST_UNDER_WAY = 32

/** Answers every request of a stream in its order. One that fails is answered with why, and the stream goes on. */
export function answerStream<Request, Identity>(
  call: ServerDuplexStream<Request, object>,
  {
    begin,
    answer,
    failureOf,
  }: {
    begin: () => Promise<Identity>
    answer: (request: Request, identity: Identity) => Promise<object>
    failureOf: (error: unknown) => Pick<ServiceError, 'code' | 'details'>
  },
): void {
  const identity = begin()
  identity.catch((error) => call.emit('error', failureOf(error)))
  let last: Promise<unknown> = identity
  let underWay = 0

  call.on('data', (request: Request) => {
    if (++underWay >= MOST_UNDER_WAY) call.pause()
    const answered = identity
      .then((who) => answer(request, who))
      .then(
        (reply) => ({ infer_response: reply }),
        (error) => ({ error_message: failureOf(error).details }),
      )
    last = Promise.all([last, answered]).then(
      async ([, message]) => {
        if (call.cancelled || call.destroyed) return
        // A client that does not read what it is sent gets no more until it does.
        if (!call.write(message)) await new Promise((resolve) => call.once('drain', resolve).once('close', resolve))
        if (--underWay < MOST_UNDER_WAY) call.resume()
      },
      () => undefined,
    )
  })
  call.on(
    'end',
    () =>
      void last.then(
        () => call.end(),
        () => undefined,
      ),
  )
  // A client that is gone: its calls end as they would have.
  call.on('error', () => undefined)
}
