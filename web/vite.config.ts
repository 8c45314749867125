import { fileURLToPath } from 'node:url'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

/** Where `npm run dev -w web` finds a server; the built pages are served by the server itself. */
const server = process.env.ORRERY_SERVER ?? 'http://127.0.0.1:7979'

export default defineConfig(({ command }) => {
  // A build started by the tests would inherit their NODE_ENV, and with it React's slow development version.
  if (command === 'build') process.env.NODE_ENV = 'production'
  return {
    plugins: [react()],
    resolve: {
      alias: [
        // The only door into the server's code: its contracts. `#registry` without `/contract` does not resolve here.
        { find: /^#(.+)\/contract$/, replacement: `${here('../src/')}$1/contract.ts` },
        { find: /^zod$/, replacement: here('bundle/zod-without-validation.ts') },
      ],
    },
    server: { proxy: { '/api': server, '/predict': server, '/feedback': server } },
    build: { target: 'baseline-widely-available', cssTarget: ['chrome123', 'firefox120', 'safari17.5'] },
  }
})
