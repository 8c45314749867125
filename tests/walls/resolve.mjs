import { fileURLToPath } from 'node:url'
import { PURE, ROOMS } from './rooms.ts'

const contractOf = (room) => fileURLToPath(new URL(`../../src/${room}/contract.ts`, import.meta.url))

/** Where pages find contracts: the same aliases as in `web/vite.config.ts`, for the check of the walls. */
export default {
  resolve: {
    alias: Object.fromEntries(
      [...PURE, ...ROOMS, 'platform/http'].map((room) => [`#${room}/contract`, contractOf(room)]),
    ),
  },
}
