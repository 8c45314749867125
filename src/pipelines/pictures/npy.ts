/** What NumPy can map into memory. */
export type NpyType = 'uint8' | 'float32'

const DESCRIPTIONS: Record<NpyType, string> = { uint8: '|u1', float32: '<f4' }
const ALIGNED = 64

/** The start of a `.npy` file, version 1.0 (NEP 1): what follows are the values, row by row. */
export function npyHeader(type: NpyType, shape: readonly number[]): Buffer {
  const dimensions = shape.length === 1 ? `${shape[0]},` : shape.join(', ')
  const text = `{'descr': '${DESCRIPTIONS[type]}', 'fortran_order': False, 'shape': (${dimensions}), }`
  const length = Math.ceil((10 + text.length + 1) / ALIGNED) * ALIGNED - 10
  const start = Buffer.from([0x93, ...Buffer.from('NUMPY'), 1, 0, 0, 0])
  start.writeUInt16LE(length, 8)
  return Buffer.concat([start, Buffer.from(`${text.padEnd(length - 1)}\n`, 'latin1')])
}
