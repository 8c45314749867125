/** Twenty expectations that every peer has: as Orrery writes them. quality_peers.py has the same. */
export const EXPECTATIONS = [
  { column: 'id', not_null: true },
  { column: 'id', unique: true },
  ...Array.from({ length: 8 }, (_, i) => ({ column: `n${i}`, between: [-1000, 1000] })),
  ...Array.from({ length: 4 }, (_, i) => ({ column: `n${i + 8}`, not_null: true })),
  { column: 'c0', in: Array.from({ length: 10 }, (_, i) => `v${i}`) },
  { column: 'c1', in: Array.from({ length: 20 }, (_, i) => `v${i}`) },
  { column: 't0', match: '^name [0-9]+$' },
  { column: 't0', length: [6, 12] },
  { column: 'n0', mean: [-10, 10] },
  { column: 'n1', max: [0, 1000] },
] as const
