import { fileURLToPath } from 'node:url'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

const rooms = fileURLToPath(new URL('../src/', import.meta.url))

/** Where `npm run dev -w web` finds a server; the built pages are served by the server itself. */
const server = process.env.ORRERY_SERVER ?? 'http://127.0.0.1:7979'

export default defineConfig({
  plugins: [react()],
  resolve: {
    // The only door into the server's code: its contracts. `#registry` without `/contract` does not resolve here.
    alias: [
      { find: /^#(.+)\/contract$/, replacement: `${rooms}$1/contract.ts` },
      { find: /^zod$/, replacement: fileURLToPath(new URL('bundle/zod-without-validation.ts', import.meta.url)) },
    ],
  },
  server: { proxy: { '/api': server, '/predict': server, '/feedback': server } },
  build: { target: 'baseline-widely-available', cssTarget: ['chrome123', 'firefox120', 'safari17.5'] },
})
