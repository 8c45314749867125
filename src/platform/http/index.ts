export type { Authorize, Principal } from './authorize.ts'
export {
  type Dialect,
  type HandlerInput,
  type Handlers,
  type HttpServer,
  openHttp,
} from './server.ts'
export { nextCursor, offsetOf } from './paging.ts'
export { type SentFile, sendFile } from './send-file.ts'
export type { FastHandler, FastInput, FastRawHandler, RawAnswer } from './fast-path.ts'
