/** Client-safe door: what contracts, pages and the command line need of HTTP. */
export { type Client, ClientError, type ClientOptions, createClient } from './client.ts'
export { operatorRoutes } from './operator-routes.ts'
export {
  defineRoutes,
  ErrorReply,
  PageQuery,
  type RouteCall,
  type RouteContract,
  type RouteInput,
  type RouteReply,
} from './route.ts'
