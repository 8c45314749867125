import { existsSync } from 'node:fs'
import { join } from 'node:path'
import fastifyStatic from '@fastify/static'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

/** The built pages, and their index for every address that is no file: the pages' own router knows the rest. */
export interface Pages {
  answers(request: FastifyRequest): boolean
  send(reply: FastifyReply): FastifyReply
}

/** Serves the files in `folder`; `undefined` where the pages were not built. */
export async function servePages(app: FastifyInstance, folder: string): Promise<Pages | undefined> {
  if (!existsSync(join(folder, 'index.html'))) return undefined
  await app.register(fastifyStatic, {
    root: folder,
    // Names of built files carry a hash of their content; the index does not.
    setHeaders: (reply, path) =>
      void reply.header(
        'cache-control',
        path.endsWith('index.html') ? 'no-cache' : 'public, max-age=31536000, immutable',
      ),
  })
  return {
    answers: (request) => request.method === 'GET' && (request.headers.accept ?? '').includes('text/html'),
    send: (reply) => reply.sendFile('index.html'),
  }
}
