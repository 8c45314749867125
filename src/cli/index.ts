export { runCli } from './program.ts'
export { connect, type Server } from './server.ts'
export { type ServerProcess, type ServerProcessOptions, startServerProcess } from './server-process.ts'
