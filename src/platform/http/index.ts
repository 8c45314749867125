export {
  type Authorize,
  type Dialect,
  type HandlerInput,
  type Handlers,
  type HttpServer,
  openHttp,
  type Principal,
} from './server.ts'
export { nextCursor, offsetOf } from './paging.ts'
export { type SentFile, sendFile } from './send-file.ts'
