import { PURE, ROOMS } from './tests/walls/rooms.ts'

const all = [...PURE, ...ROOMS]
const door = '(index|contract)[.]ts$'
/** A part of a room with a door of its own, for those who must not load the whole room: the command line's start. */
const sideDoors = { data: '(files|pictures)/index[.]ts$', protocols: '(oip|invocations)/index[.]ts$' }
const inside = (rooms) => `^src/(${rooms.join('|')})/`

/** Walls between rooms. `node tests/walls/check.ts` runs them, and proves that each of them can fail. */
export default {
  forbidden: [
    { name: 'no-cycle', severity: 'error', from: {}, to: { circular: true } },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    ...all.map((room) => ({
      name: `${room}-only-through-its-door`,
      severity: 'error',
      comment: `Import #${room} or #${room}/contract.`,
      from: { path: '^src/', pathNot: `^src/${room}/` },
      to: {
        path: `^src/${room}/`,
        pathNot: [`^src/${room}/${door}`, ...(sideDoors[room] ? [`^src/${room}/${sideDoors[room]}`] : [])],
      },
    })),
    ...ROOMS.map((room, i) => ({
      name: `${room}-imports-earlier-rooms-only`,
      severity: 'error',
      comment: 'Calls go up the list of rooms; facts come back as events.',
      from: { path: `^src/${room}/` },
      to: { path: inside(ROOMS.slice(i + 1).concat('~')) },
    })),
    {
      name: 'pure-rooms-touch-nothing',
      severity: 'error',
      comment: 'A pure room computes: no I/O, no other room but pure ones and the table in memory.',
      from: { path: inside(PURE), pathNot: '[.](test|fixture)[.]ts$' },
      to: { path: '^src/', pathNot: [inside(PURE), '^src/platform/table/'] },
    },
    {
      name: 'platform-knows-no-room',
      severity: 'error',
      from: { path: '^src/platform/' },
      to: { path: inside(all) },
    },
    {
      name: 'platform-through-its-doors',
      severity: 'error',
      from: { path: '^src/(?!platform/)' },
      to: { path: '^src/platform/', pathNot: '^src/platform/[a-z]+/(index|contract)[.]ts$' },
    },
    {
      name: 'contracts-are-client-safe',
      severity: 'error',
      comment: 'Pages import contracts: nothing of the server may come with them.',
      from: { path: '^src/[a-z]+/contract[.]ts$' },
      to: {
        path: '^(node:|.*node_modules/(fastify|kysely|pg|onnxruntime-node|@duckdb)/)|^src/.*/(store|routes|index)[.]ts$',
      },
    },
    {
      name: 'pages-import-contracts-only',
      severity: 'error',
      from: { path: '^web/src/', pathNot: '[.]test[.]tsx?$' },
      to: { path: '^src/', pathNot: '^src/[a-z/]+/contract[.]ts$' },
    },
    {
      name: 'composition-root-is-for-main-and-cli',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/([a-z-]+[.]ts$|cli/)' },
      to: { path: '^src/[a-z-]+[.]ts$' },
    },
  ],
  options: {
    parser: 'tsc',
    doNotFollow: { path: 'node_modules' },
    // Templates are code of the packages that are made of them.
    exclude: { path: '/(dist|node_modules|templates)/' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default'],
      extensions: ['.ts', '.tsx', '.js'],
    },
    tsPreCompilationDeps: true,
    webpackConfig: { fileName: 'tests/walls/resolve.mjs' },
  },
}
