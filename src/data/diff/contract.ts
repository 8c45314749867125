import { z } from 'zod'

const Cells = z.array(z.string().nullable())

/** What changed between two versions of a table, row by row. */
export const TableDiff = z.object({
  key: z
    .array(z.string())
    .nullable()
    .describe('The columns that rows were matched by. Null: rows are equal as a whole, so none is ever "changed".'),
  rows: z.object({ before: z.int(), after: z.int() }),
  added: z.int(),
  removed: z.int(),
  changed: z.int().describe('Rows with the same key and another value in some column that both versions have.'),
  unchanged: z.int(),
  schema: z.object({
    added: z.array(z.string()),
    removed: z.array(z.string()),
    retyped: z.array(z.object({ column: z.string(), before: z.string(), after: z.string() })),
  }),
  columns: z.array(
    z.object({
      name: z.string(),
      changed: z.int().describe('Cells of changed rows that differ; 0 without a key.'),
      psi: z
        .number()
        .nullable()
        .describe('Population stability index of its values, of a sample; null where it has no bins to compare.'),
      noise: z.number().nullable().describe('The index that chance alone exceeds once in a hundred times.'),
    }),
  ),
  samples: z.object({
    columns: z.array(z.string()).describe('Of the rows below.'),
    added: z.array(Cells),
    removed: z.array(Cells),
    changed: z.array(
      z.object({
        key: Cells,
        cells: z.array(z.object({ column: z.string(), before: z.string().nullable(), after: z.string().nullable() })),
      }),
    ),
  }),
})
export type TableDiff = z.infer<typeof TableDiff>
