import type { TensorSpec } from '#runtime/contract'
import type { DescribedEndpoint } from './schemas.ts'

/** A picture would be a long example. */
const MOST_VALUES = 16

/** A tensor that fits: zeros, and texts. */
export function exampleTensor({ name, datatype, shape }: TensorSpec, time: readonly string[]) {
  const one = shape.map((size) => Math.max(1, size))
  const count = one.reduce((a, b) => a * b, 1)
  const place = time.indexOf(name)
  const value = place >= 0 ? timeExample(place) : datatype === 'BYTES' ? 'a' : datatype === 'BOOL' ? true : 0
  return { name, shape: one, datatype, data: new Array<unknown>(Math.min(count, MOST_VALUES)).fill(value) }
}

/** A record that fits: what a caller changes into theirs. */
export function exampleRecord({ signature, time }: DescribedEndpoint): Record<string, unknown> {
  const features = signature.image
    ? [['picture', '…']]
    : signature.features.map(({ name, kind, categories }) => [name, kind === 'numeric' ? 0 : (categories?.[0] ?? 'a')])
  return Object.fromEntries([...time.map((column, place) => [column, timeExample(place)]), ...features])
}

/** A date or timestamp, then times of day. */
const timeExample = (place: number) => (place === 0 ? '2025-03-01T09:30:00Z' : '09:30')

/** The same as CSV. */
export function exampleCsv(endpoint: DescribedEndpoint): string {
  const record = exampleRecord(endpoint)
  const cell = (text: unknown) =>
    /[",\n]/.test(String(text)) ? `"${String(text).replaceAll('"', '""')}"` : String(text)
  return `${Object.keys(record).map(cell).join(',')}\n${Object.values(record).map(cell).join(',')}\n`
}
