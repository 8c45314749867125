import type { Duck } from './duckdb.ts'
import { parquetChunks } from './sql.ts'

/** What the footer of a Parquet file proves of a column. */
export interface FooterFacts {
  /** `null` when the footer does not count what is missing. */
  present: number | null
  /** Ends of numbers, and of times in ms since 1970, are known. */
  bounded: boolean
  min: number | null
  max: number | null
  /** The ends are the same, to the microsecond. */
  alike: boolean
  /** A number is not whole. */
  fraction: boolean
  /** There are no fewer different values, and no more; known where each chunk of the column has a dictionary. */
  fewest: number | null
  most: number | null
}

/** By a column's place; one that the footer says nothing about, as in a file without rows, is absent. */
export async function footerFacts(duck: Duck, path: string): Promise<Map<number, FooterFacts>> {
  const end = (value: string) => ({
    number: `CASE type WHEN 'DOUBLE' THEN TRY_CAST(${value} AS DOUBLE) END`,
    time: `CASE type WHEN 'INT64' THEN TRY_CAST(${value} AS TIMESTAMP) END`,
  })
  const [low, high] = [end('stats_min_value'), end('stats_max_value')]
  const found = await duck.rows<FooterFacts & { place: number }>(`
    SELECT place,
      CASE WHEN bool_and(held IS NOT NULL) THEN sum(held)::DOUBLE END AS present,
      coalesce(bool_and(held = 0 OR (coalesce(low, epoch_us(early)) IS NOT NULL AND coalesce(high, epoch_us(late)) IS NOT NULL)), false) AS bounded,
      coalesce(min(low), epoch_ms(min(early))::DOUBLE) AS min,
      coalesce(max(high), epoch_ms(max(late))::DOUBLE) AS max,
      coalesce(min(low) = max(high) OR min(early) = max(late), false) AS alike,
      coalesce(bool_or(low != floor(low) OR high != floor(high)), false) AS fraction,
      CASE WHEN bool_and(held = 0 OR different IS NOT NULL) THEN max(different)::DOUBLE END AS fewest,
      CASE WHEN bool_and(held = 0 OR different IS NOT NULL) THEN sum(different)::DOUBLE END AS most
    FROM (
      SELECT column_id AS place, num_values - stats_null_count AS held, stats_distinct_count AS different,
        ${low.number} AS low, ${high.number} AS high, ${low.time} AS early, ${high.time} AS late
      FROM ${parquetChunks(path)}
    ) GROUP BY place`)
  return new Map(found.map(({ place, ...facts }) => [place, facts]))
}
