import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ARRAYS, elementsOf, type NumericDatatype, type Tensor } from '#runtime'
import { bytesOf } from './binary-data.ts'
import { BIG_RANGES, halves, RANGES } from './datatypes.ts'
import { readInferRequest } from './request.ts'
import { writeInferResponse } from './response.ts'

const NUMERIC = Object.keys(ARRAYS) as NumericDatatype[]

/** Any value of a datatype, the ends of its range, NaN and -0 included. */
function anyOf(datatype: NumericDatatype): fc.Arbitrary<number | bigint> {
  if (datatype === 'BOOL') return fc.constantFrom(0, 1)
  if (datatype === 'INT64' || datatype === 'UINT64') {
    const [min, max] = BIG_RANGES[datatype]
    return fc.bigInt({ min, max })
  }
  if (datatype === 'FP16') return fc.double().map((value) => new Float16Array([value])[0]!)
  if (datatype === 'FP32') return fc.float()
  if (datatype === 'FP64') return fc.double()
  const [min, max] = RANGES[datatype]!
  return fc.integer({ min, max })
}

const shapes = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 })

const numericTensor = fc.tuple(fc.constantFrom(...NUMERIC), shapes).chain(([datatype, shape]) => {
  const length = elementsOf(shape)
  return fc.array(anyOf(datatype), { minLength: length, maxLength: length }).map((values): Tensor => {
    const data = new ARRAYS[datatype](length)
    const cells = (datatype === 'FP16' ? halves(data) : data) as { [index: number]: number | bigint }
    for (const [i, value] of values.entries()) cells[i] = value
    return { datatype, shape, data }
  })
})

const textTensor = shapes.chain((shape) =>
  fc
    .array(fc.string({ unit: 'binary' }), { minLength: elementsOf(shape), maxLength: elementsOf(shape) })
    .map((data): Tensor => ({ datatype: 'BYTES', shape, data })),
)

const feeds = fc.dictionary(fc.string(), fc.oneof(numericTensor, textTensor), { minKeys: 1, maxKeys: 4 })

/** An answer as the request that would ask with it: both have tensors in one form. */
function asRequest(body: string | Buffer, headerLength: number | undefined): [Buffer, number | undefined] {
  const all = Buffer.from(body)
  const length = headerLength ?? all.byteLength
  const json = all.toString('utf8', 0, length)
  const header = Buffer.from(`{"inputs":${json.slice(json.lastIndexOf('"outputs":[') + 10)}`)
  return [Buffer.concat([header, all.subarray(length)]), headerLength === undefined ? undefined : header.byteLength]
}

/** The bits, which tell NaN from NaN and 0 from -0; a NaN has many, of which JSON keeps none. */
function bitsOf(tensor: Tensor): unknown {
  if (tensor.datatype === 'BYTES')
    return { ...tensor, data: tensor.data.map((text) => Buffer.from(text).toString('hex')) }
  if (tensor.datatype === 'FP16') return { ...tensor, data: Array.from(halves(tensor.data)) }
  return { ...tensor, data: Array.from(tensor.data as ArrayLike<number | bigint>) }
}

const request = (inputs: unknown) => readInferRequest(Buffer.from(JSON.stringify({ inputs: [inputs] })), undefined)
const one = (input: Record<string, unknown>) => request({ name: 'x', ...input }).feeds.x!

describe('tensors', () => {
  it.each([
    ['JSON', () => false],
    ['binary data', () => true],
    ['both', (name: string) => name.length % 2 === 0],
  ])('come back from %s as they went in', (_, isBinary) => {
    fc.assert(
      fc.property(feeds, (outputs) => {
        // A name that ends the JSON early would be a fault of this test, not of the codec.
        fc.pre(!Object.keys(outputs).some((name) => name.includes('outputs')))
        const { body, headerLength } = writeInferResponse({ model: 'm', version: '1', id: 'i', outputs }, isBinary)
        const read = readInferRequest(...asRequest(body, headerLength)).feeds
        expect(Object.keys(read)).toEqual(Object.keys(outputs))
        for (const [name, tensor] of Object.entries(outputs)) expect(bitsOf(read[name]!)).toEqual(bitsOf(tensor))
      }),
      { numRuns: 300 },
    )
  })

  it('are read nested as they are flat', () => {
    fc.assert(
      fc.property(numericTensor, (tensor) => {
        fc.pre(tensor.datatype === 'INT32' || tensor.datatype === 'INT8')
        const flat = Array.from(tensor.data as Int32Array)
        const nested = (shape: readonly number[], from: number): unknown => {
          const [size, ...rest] = shape
          if (size === undefined) return flat[from]
          return Array.from({ length: size }, (_, i) => nested(rest, from + i * elementsOf(rest)))
        }
        fc.pre(tensor.shape.length > 0)
        const { datatype, shape } = tensor
        expect(one({ datatype, shape, data: nested(shape, 0) })).toEqual(one({ datatype, shape, data: flat }))
      }),
    )
  })

  it('keep whole numbers of 64 bits, as digits and as digits in quotes', () => {
    const body = (data: string) =>
      Buffer.from(`{"inputs":[{"name":"x","shape":[3],"datatype":"INT64","data":[${data}]}]}`)
    const expected = BigInt64Array.of(9007199254740993n, -9223372036854775808n, 7n)
    for (const data of ['9007199254740993,-9223372036854775808,7', '"9007199254740993","-9223372036854775808",7'])
      expect(readInferRequest(body(data), undefined).feeds.x!.data).toEqual(expected)
    const outputs = { x: { datatype: 'INT64', shape: [3], data: expected } as const }
    const { body: json } = writeInferResponse({ model: 'm', version: '1', id: undefined, outputs }, () => false)
    expect(json).toContain('[9007199254740993,-9223372036854775808,7]')
  })

  it('take what Python writes for numbers that JSON does not have', () => {
    const body =
      '{"id":"a NaN \\" b","inputs":[{"name":"x","shape":[4],"datatype":"FP32","data":[NaN,Infinity,-Infinity,null]}]}'
    const read = readInferRequest(Buffer.from(body), undefined)
    expect(read.id).toBe('a NaN " b')
    expect(read.feeds.x!.data).toEqual(Float32Array.of(Number.NaN, Infinity, -Infinity, Number.NaN))
  })

  it('are a view of the request where their place allows that', () => {
    for (const pad of [0, 1]) {
      const json = JSON.stringify({
        inputs: [{ name: 'x', shape: [2], datatype: 'FP64', parameters: { binary_data_size: 16 } }],
      })
      const padded = json.padEnd(Math.ceil(json.length / 8) * 8 + pad)
      const body = new Uint8Array(new ArrayBuffer(padded.length + 16))
      body.set(Buffer.from(padded))
      body.set(bytesOf({ datatype: 'FP64', shape: [2], data: Float64Array.of(1.5, -2) }), padded.length)
      const { data } = readInferRequest(body, padded.length).feeds.x!
      expect(data).toEqual(Float64Array.of(1.5, -2))
      expect((data as Float64Array).buffer === body.buffer).toBe(pad === 0)
    }
  })

  it('say which outputs are wanted, and how', () => {
    const read = (more: object) =>
      readInferRequest(
        Buffer.from(JSON.stringify({ inputs: [{ name: 'x', shape: [1], datatype: 'BOOL', data: [true] }], ...more })),
        undefined,
      )
    expect(read({}).wanted).toBeUndefined()
    expect(read({}).isBinary('y')).toBe(false)
    const some = read({
      parameters: { binary_data_output: true },
      outputs: [{ name: 'y', parameters: { binary_data: false } }, { name: 'z' }],
    })
    expect(some.wanted).toEqual(['y', 'z'])
    expect([some.isBinary('y'), some.isBinary('z')]).toEqual([false, true])
  })
})

describe('refused are', () => {
  const valid = { shape: [2], datatype: 'FP32' }
  it.each([
    ['a text for a number', { ...valid, data: [1, '2'] }, 'value 1 is "2", which is no FP32'],
    ['a truth for a number', { ...valid, data: [1, true] }, 'value 1 is true'],
    ['an array for a number', { ...valid, data: [1, [2]] }, 'value 1 is [2]'],
    ['too few values', { ...valid, data: [1] }, 'there are 1 values for the shape [2], which has 2'],
    ['no data', valid, 'no array "data"'],
    ['other nesting', { shape: [2, 2], datatype: 'FP32', data: [[1, 2, 3], [4]] }, 'nested as its shape [2, 2]'],
    ['nesting half the way', { shape: [1, 2, 2], datatype: 'FP32', data: [[1, 2, 3, 4]] }, 'nested as its shape'],
    ['another datatype', { shape: [1], datatype: 'FP8', data: [1] }, 'no datatype "FP8"'],
    ['the name of what every object has', { shape: [1], datatype: 'toString', data: [1] }, 'no datatype'],
    ['a number too large for FP32', { shape: [1], datatype: 'FP32', data: [1e39] }, 'no FP32'],
    ['a number too large for FP16', { shape: [1], datatype: 'FP16', data: [70000] }, 'no FP16'],
    ['half a number', { shape: [1], datatype: 'INT32', data: [1.5] }, 'value 0 is 1.5'],
    ['a number out of range', { shape: [1], datatype: 'UINT8', data: [-1] }, 'Send whole numbers from 0 to 255'],
    ['null for a whole number', { shape: [1], datatype: 'INT64', data: [null] }, 'value 0 is null'],
    ['a number for a text', { shape: [1], datatype: 'BYTES', data: [1] }, 'no BYTES'],
    ['a negative shape', { shape: [-1], datatype: 'FP32', data: [1] }, 'inputs.0.shape.0'],
    ['an endless shape', { shape: [2 ** 40, 2 ** 40], datatype: 'FP32', data: [1] }, 'is too large'],
    ['a shape larger than the request', { shape: [2 ** 40, 0 + 1], datatype: 'FP32', data: [[1]] }, 'fewer values'],
    ['shared memory', { ...valid, parameters: { shared_memory_region: 'a' } }, 'shared memory'],
    ['data and binary data', { ...valid, data: [1, 2], parameters: { binary_data_size: 8 } }, 'sent twice'],
    ['a size that is none', { ...valid, parameters: { binary_data_size: -1 } }, 'binary_data_size is -1'],
    ['binary data that is not there', { ...valid, parameters: { binary_data_size: 8 } }, '0 bytes for the shape'],
  ])('%s', (_, input, words) => {
    let thrown: { status: number; hint: string; message: string } | undefined
    try {
      one(input)
    } catch (error) {
      thrown = error as typeof thrown
    }
    expect(thrown).toMatchObject({ status: 400, code: expect.stringMatching(/^ORRERY_PROTOCOLS_/) })
    expect(`${thrown!.message} ${thrown!.hint}`).toContain(words)
  })

  it('a number that no double holds', () => {
    const body = '{"inputs":[{"name":"x","shape":[1],"datatype":"FP64","data":[1e999]}]}'
    expect(() => readInferRequest(Buffer.from(body), undefined)).toThrow('no FP64')
  })

  it.each([
    ['no JSON', '{"inputs": [', undefined, 'no JSON'],
    ['no inputs', '{"inputs": []}', undefined, 'inputs: '],
    ['no object', '[]', undefined, 'the body: '],
    ['JSON shorter than said', '{}', 3, 'its JSON has 3 bytes, the body 2'],
    [
      'binary data of nobody',
      '{"inputs":[{"name":"x","shape":[1],"datatype":"BOOL","data":[true]}]}  ',
      69,
      'has 0 bytes|2',
    ],
    ['bytes that are no text', Buffer.from([0x7b, 0xff, 0x7d]), undefined, 'no UTF-8'],
    ['what is nested without end', `{"inputs":${'['.repeat(100_000)}`, undefined, 'nested deeper than'],
  ])('%s', (_, body, headerLength, words) => {
    expect(() => readInferRequest(Buffer.from(body as string), headerLength)).toThrow(new RegExp(words))
  })

  it('texts whose lengths do not fit', () => {
    for (const bytes of [
      [1, 0, 0, 0],
      [1, 0, 0, 0, 65, 66],
      [255, 255, 255, 255, 65],
      [0, 0, 0, 0, 0, 0, 0, 0],
    ]) {
      const json = JSON.stringify({
        inputs: [{ name: 'x', shape: [1], datatype: 'BYTES', parameters: { binary_data_size: bytes.length } }],
      })
      const body = Buffer.concat([Buffer.from(json), Buffer.from(bytes)])
      expect(() => readInferRequest(body, json.length)).toThrow('not 1 texts')
    }
  })

  it('any bytes at all that are no request, with an error that says so', () => {
    const valid = Buffer.from(
      '{"inputs":[{"name":"x","shape":[2,1],"datatype":"INT64","data":[[1],[9007199254740993]]},' +
        '{"name":"y","shape":[2],"datatype":"BYTES","parameters":{"binary_data_size":10}}]}',
    )
    const whole = Buffer.concat([valid, Buffer.from([1, 0, 0, 0, 65, 1, 0, 0, 0, 66])])
    const changes = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 })
    fc.assert(
      fc.property(changes, fc.nat(whole.length), fc.boolean(), (written, cut, cuts) => {
        const body = Buffer.from(whole)
        for (const [at, byte] of written) body[at] = byte
        try {
          readInferRequest(cuts ? body.subarray(0, cut) : body, valid.length)
        } catch (error) {
          expect(error).toMatchObject({ status: 400, code: expect.stringMatching(/^ORRERY_PROTOCOLS_/) })
        }
      }),
      { numRuns: 2_000 },
    )
  })
})
