import { IncomingMessage } from 'node:http'
import swagger from '@fastify/swagger'
import fastify, {
  LogController,
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify'
import {
  hasZodFastifySchemaValidationErrors,
  jsonSchemaTransform,
  serializerCompiler,
  validatorCompiler,
} from 'fastify-type-provider-zod'
import type { z } from 'zod'
import { asOrreryError, errorBody } from '#platform/errors'
import type { Logger } from '#platform/log'
import { ErrorReply, type RouteContract, type RouteInput, type RouteReply } from './route.ts'
import { BodyNotAccepted, RequestInvalid, RouteUnknown } from './errors.ts'
import type { Authorize, Principal, RequestOrigin } from './authorize.ts'
import { failureOf, requestIdOf, shortHeader } from './failure.ts'
import { createFastPath, type FastHandler, type FastRawHandler } from './fast-path.ts'
import { servePages } from './pages.ts'
import { closeSoon, limitBodyTime } from './patience.ts'

export interface HandlerInput<Route extends RouteContract> {
  params: RouteInput<Route>['params']
  query: RouteInput<Route>['query']
  body: RouteInput<Route>['body']
  principal: Principal
  request: FastifyRequest
  reply: FastifyReply
}

export type Handlers<Routes extends Record<string, RouteContract>> = {
  [Name in keyof Routes]: (input: HandlerInput<Routes[Name]>) => Promise<RouteReply<Routes[Name]>>
}

/** How errors look in a protocol that somebody else defined; without one they look as they do everywhere here. */
export interface Dialect {
  readonly errorReply: z.ZodType
  /** @param error an `OrreryError`, or whatever was thrown inside */
  renderError(error: unknown): { status: number; body: unknown }
}

export interface HttpServer {
  readonly fastify: FastifyInstance
  /** Binds a room's handlers to its contract; a handler missing is a type error. */
  mount<Routes extends Record<string, RouteContract>>(
    room: string,
    routes: Routes,
    handlers: Handlers<Routes>,
    dialect?: Dialect,
  ): void
  /** Lets a route that is mounted be answered past the router, where a request is plain enough. */
  mountFast<Route extends RouteContract>(route: Route, handler: FastHandler<Route>): void
  /** The same for a route that reads its body by itself. */
  mountFastRaw(route: RouteContract, handler: FastRawHandler): void
}

/** 16 MiB: a batch of records; what is larger goes through a dataset. */
const BODY_LIMIT = 16 * 1024 * 1024

/** One Fastify: the same errors, request ids, validation and OpenAPI for every room. */
export async function openHttp({
  log,
  authorize,
  version,
  pages,
  aliases = [],
}: {
  log: Logger
  authorize: Authorize
  version: string
  /** Folder with the built pages; `undefined` serves the API alone. */
  pages?: string | undefined
  /** Addresses that start with the first of a pair are the same as those that start with the second. */
  aliases?: readonly (readonly [string, string])[] | undefined
}): Promise<HttpServer> {
  const fastPath = createFastPath({
    authorize,
    log,
    bodyLimit: BODY_LIMIT,
    parseJson: () => parseJson,
    invalidBody: (issues) =>
      new RequestInvalid(issues.map(({ path, message }) => ({ path: `body/${path.join('/')}`, message }))),
  })
  const app = fastify({
    serverFactory: (router) => fastPath.serve(router),
    loggerInstance: log as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: BODY_LIMIT,
    // A logger of its own for each request costs more than most requests; what is logged of one names it.
    childLoggerFactory: (logger) => logger,
    genReqId: (request) => requestIdOf(request.headers),
    rewriteUrl: ({ url = '/' }) => {
      const [alias, meant] = aliases.find(([start]) => url.startsWith(start)) ?? ['', '']
      return meant + url.slice(alias.length)
    },
    routerOptions: { maxParamLength: 500 },
    forceCloseConnections: 'idle',
  })
  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(serializerCompiler)
  app.setErrorHandler(sendError(errorBody))
  const parseAsRouter = app.getDefaultJsonParser('error', 'error')
  const parseJson = (text: string): unknown => {
    let parsed: unknown
    // It calls back before it returns.
    parseAsRouter(undefined as never, text, (error, body) => {
      if (error) throw toKnown(error)
      parsed = body
    })
    return parsed
  }
  const page = pages ? await servePages(app, pages) : undefined
  app.setNotFoundHandler((request, reply) => {
    if (page?.answers(request)) return page.send(reply)
    throw new RouteUnknown(request.method, request.url)
  })
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Orrery',
        version,
        description: 'The life of a model, over one API.',
        license: { name: 'Apache-2.0' },
      },
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
      security: [{ token: [] }],
    },
    transform: jsonSchemaTransform,
  })

  return {
    fastify: app,
    mountFast: fastPath.mount,
    mountFastRaw: fastPath.mountRaw,
    mount: (room, routes, handlers, dialect) => {
      const errorReply = dialect?.errorReply ?? ErrorReply
      for (const [name, route] of Object.entries(routes)) {
        const handler = handlers[name as keyof typeof handlers] as (input: unknown) => Promise<unknown>
        app.register(async (scope) => {
          if (dialect) scope.setErrorHandler(sendError(dialect.renderError))
          if (route.upload) leaveBodyUnread(scope)
          if (route.otherBodies) takeBytes(scope, route.otherBodies)
          scope.route({
            method: route.method,
            url: route.path,
            schema: {
              operationId: `${room}.${name}`,
              summary: route.summary,
              tags: [room],
              description: `Permission: \`${route.permission}\`.`,
              ...(route.params && { params: route.params }),
              ...(route.query && { querystring: route.query }),
              ...(route.body && { body: route.body }),
              ...(!route.raw && {
                response: {
                  [route.status ?? 200]: route.reply,
                  ...route.otherReplies,
                  '4xx': errorReply,
                  '5xx': errorReply,
                },
              }),
            },
            // A request of a test has no connection.
            ...(route.body && {
              preParsing: async ({ raw }) => {
                if (raw instanceof IncomingMessage) limitBodyTime(raw)
              },
            }),
            ...(route.unchecked && { serializerCompiler: () => JSON.stringify }),
            handler: async (request, reply) => {
              const principal = await authorize(originOf(request), route.permission)
              if (route.status) reply.status(route.status)
              return handler({
                params: request.params,
                query: request.query,
                body: request.body,
                principal,
                request,
                reply,
              })
            },
          })
        })
      }
    },
  }
}

function sendError(render: (error: unknown) => { status: number; body: unknown }) {
  return (error: unknown, request: FastifyRequest, reply: FastifyReply) => {
    const { status, body, headers } = failureOf(toKnown(error), { log: request.log, requestId: request.id }, render)
    // A request of a test has no connection.
    if (request.raw instanceof IncomingMessage && !request.raw.complete) closeSoon(request.raw, reply.raw)
    return reply.status(status).headers(headers).send(body)
  }
}

function leaveBodyUnread(scope: FastifyInstance): void {
  scope.removeAllContentTypeParsers()
  scope.addContentTypeParser('*', (_request, _payload, done) => done(null))
}

function takeBytes(scope: FastifyInstance, types: readonly string[]): void {
  scope.setValidatorCompiler(bytesAreValid)
  scope.addContentTypeParser([...types], { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
}

/** Bytes have no schema; all else has the route's own. */
const bytesAreValid: typeof validatorCompiler = (route) => {
  const validate = validatorCompiler(route)
  return (data) => (Buffer.isBuffer(data) ? { value: data } : validate(data))
}

const originOf = ({ headers }: FastifyRequest): RequestOrigin => ({
  authorization: headers.authorization,
  host: headers.host,
  origin: shortHeader(headers.origin),
})

/** SQLSTATE of a text that is none in the database's encoding. */
const NO_TEXT = '22021'

function toKnown(error: unknown): unknown {
  if (asOrreryError(error)) return error
  if (hasZodFastifySchemaValidationErrors(error)) {
    return new RequestInvalid(
      error.validation.map((problem) => ({
        path: `${error.validationContext ?? 'body'}${problem.instancePath}`,
        message: problem.message ?? 'invalid',
      })),
    )
  }
  const { statusCode, message } = error as { statusCode?: number; message: string }
  // PostgreSQL keeps no NUL in a text, wherever in the request it came from.
  if ((error as { code?: unknown }).code === NO_TEXT) return new BodyNotAccepted(400, 'A text has a NUL in it.')
  if (statusCode && statusCode >= 400 && statusCode < 500) return new BodyNotAccepted(statusCode, message)
  return error
}
