import { z } from 'zod'

/**
 * One description of a route: from it come validation, the handler's types, OpenAPI and the typed client that the pages
 * and the command line use. Client-safe: no server code.
 */
export interface RouteContract {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Fastify's syntax: `/api/models/:model/versions/:version`. */
  readonly path: string
  /** `<room>:<read|write|…>`, `public` for what needs no identity. */
  readonly permission: string
  readonly summary: string
  readonly params?: z.ZodType
  readonly query?: z.ZodType
  readonly body?: z.ZodType
  readonly reply: z.ZodType
  /** Answers with another status that are no errors: `/ready` says what is missing with 503. */
  readonly otherReplies?: Readonly<Record<number, z.ZodType>>
  /** For streams and files: the handler writes the answer itself. */
  readonly raw?: boolean
  /** The body is a file of any type and size: the handler reads it from `request.raw` as it arrives. */
  readonly upload?: boolean
  /** Content types that are taken beside JSON: the handler finds their bytes as a `Buffer` in place of the parsed body. */
  readonly otherBodies?: readonly string[]
  /** The answer is large and goes out as the handler made it: reading it over again would cost more than making it. */
  readonly unchecked?: boolean
  readonly status?: number
}

/** Keeps the literal types of every route. */
export function defineRoutes<const Routes extends Record<string, RouteContract>>(routes: Routes): Routes {
  return routes
}

type InputOf<Schema> = Schema extends z.ZodType ? z.input<Schema> : undefined
type OutputOf<Schema> = Schema extends z.ZodType ? z.output<Schema> : undefined

/** What a handler is given, parsed. */
export type RouteInput<Route extends RouteContract> = {
  params: OutputOf<Route['params']>
  query: OutputOf<Route['query']>
  body: OutputOf<Route['body']>
}

/** What a client sends. */
export type RouteCall<Route extends RouteContract> = (Route['params'] extends z.ZodType
  ? { params: InputOf<Route['params']> }
  : unknown) &
  (Route['query'] extends z.ZodType ? { query?: InputOf<Route['query']> } : unknown) &
  (Route['body'] extends z.ZodType ? { body: InputOf<Route['body']> } : unknown)

export type RouteReply<Route extends RouteContract> = z.input<Route['reply']>

export const ErrorReply = z.object({
  error: z.object({
    code: z.string(),
    message: z.string(),
    hint: z.string(),
    details: z.record(z.string(), z.unknown()).optional(),
  }),
})

/** Lists are cut on the server: `limit` at most 500, `cursor` from the page before. */
export const PageQuery = z.object({
  limit: z.coerce.number().int().min(1).max(500).default(50),
  cursor: z.string().optional(),
})
