import { Duplex, duplexPair } from 'node:stream'
import { describe, expect, it } from 'vitest'
import type { Tensors } from '../tensor.ts'
import { type Frame, packTensors, readFrames, type TensorPart, unpackTensors, writeFrame } from './frames.ts'

const TENSORS: Tensors = {
  odd: { datatype: 'UINT8', shape: [3], data: Uint8Array.of(1, 2, 255) },
  doubles: { datatype: 'FP64', shape: [2, 1], data: Float64Array.of(Number.NaN, -0) },
  whole: { datatype: 'INT64', shape: [1], data: BigInt64Array.of(-9_007_199_254_740_993n) },
  none: { datatype: 'FP32', shape: [0, 4], data: new Float32Array() },
  texts: { datatype: 'BYTES', shape: [3], data: ['', 'größer', '🐈'] },
}

function frames(write: (side: Duplex) => void): Promise<Frame[]> {
  const [ours, theirs] = duplexPair()
  const found: Frame[] = []
  return new Promise((resolve, reject) => {
    readFrames(
      ours,
      (frame) => found.push(frame),
      (reason) => reject(new Error(reason)),
    )
    ours.on('end', () => resolve(found))
    write(theirs)
    theirs.end()
  })
}

describe('frames', () => {
  it('carry tensors bit by bit', async () => {
    const { tensors, parts } = packTensors(TENSORS)
    const [frame] = await frames((side) => writeFrame(side, { tensors }, parts))
    expect(unpackTensors(frame!.header.tensors as TensorPart[], frame!.payload)).toEqual(TENSORS)
  })

  it('come apart and together again, wherever the stream is cut', async () => {
    const { tensors, parts } = packTensors(TENSORS)
    const chunks: Buffer[] = []
    const sink = new Duplex({
      read() {},
      write: (chunk, _, done) => {
        chunks.push(chunk)
        done()
      },
    })
    for (let i = 0; i < 3; i++) {
      writeFrame(sink, { i })
      writeFrame(sink, { tensors }, parts)
    }
    const all = Buffer.concat(chunks)
    for (const step of [1, 7, 13, all.length]) {
      const found = await frames((side) => {
        for (let at = 0; at < all.length; at += step) side.write(all.subarray(at, at + step))
      })
      expect(found.map(({ header }) => header.i)).toEqual([0, undefined, 1, undefined, 2, undefined])
      expect(unpackTensors(found[5]!.header.tensors as TensorPart[], found[5]!.payload)).toEqual(TENSORS)
    }
  })

  it.each([
    ['text', Buffer.from('Traceback (most recent call last):')],
    ['a header of 4 GB', Buffer.from([255, 255, 255, 255, 0, 0, 0, 0])],
    ['a header that is no JSON', Buffer.from([1, 0, 0, 0, 0, 0, 0, 0, 0x7b])],
  ])('are none: %s', async (_, bytes) => {
    await expect(frames((side) => side.write(bytes))).rejects.toThrow('no frame')
  })

  it('tell of tensors that do not fit their payload', () => {
    const part = { name: 'x', datatype: 'FP32' as const, shape: [4], bytes: 16 }
    expect(() => unpackTensors([part], new ArrayBuffer(8))).toThrow(RangeError)
    expect(() => unpackTensors([{ ...part, bytes: 8 }], new ArrayBuffer(16))).toThrow('8 bytes for 4 elements')
    expect(() => unpackTensors([{ ...part, datatype: 'BYTES', shape: [1] }], new ArrayBuffer(2))).toThrow(RangeError)
  })
})
