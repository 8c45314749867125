import fc from 'fast-check'
import { expect, it } from 'vitest'
import { decodeBlocks, encodeBlock, wholeBlockBehind } from './block.ts'

const someTexts = fc.array(fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }), { maxLength: 8 })
const textsOf = (bytes: Buffer) => decodeBlocks(bytes).blocks.map(({ text }) => text)
const wellFormed = (texts: readonly string[]) => texts.map((text) => text.toWellFormed())

it('gives what was appended', () => {
  fc.assert(
    fc.property(someTexts, (texts) => {
      const bytes = Buffer.concat(texts.map(encodeBlock))
      expect(textsOf(bytes)).toEqual(wellFormed(texts))
      expect(decodeBlocks(bytes).whole).toBe(bytes.length)
    }),
  )
})

it('gives the blocks that are whole, wherever a file was cut', () => {
  fc.assert(
    fc.property(someTexts, fc.nat(), (texts, at) => {
      const blocks = texts.map(encodeBlock)
      const cut = Buffer.concat(blocks).subarray(0, at % (1 + blocks.reduce((sum, { length }) => sum + length, 0)))
      let whole = 0
      let count = 0
      while (count < blocks.length && whole + blocks[count]!.length <= cut.length) whole += blocks[count++]!.length
      expect(textsOf(cut)).toEqual(wellFormed(texts.slice(0, count)))
      expect(decodeBlocks(cut).whole).toBe(whole)
    }),
  )
})

it('ends before what was half written: zeros, or other bytes than were meant', () => {
  fc.assert(
    fc.property(
      someTexts,
      fc.string({ minLength: 1 }),
      fc.nat(),
      fc.integer({ min: 1, max: 255 }),
      (texts, last, at, by) => {
        const before = Buffer.concat(texts.map(encodeBlock))
        const wrong = encodeBlock(last)
        wrong[at % wrong.length]! ^= by
        for (const tail of [wrong, Buffer.alloc(wrong.length), Buffer.concat([wrong, encodeBlock('later')])]) {
          const { blocks, whole } = decodeBlocks(Buffer.concat([before, tail]))
          expect(blocks.map(({ text }) => text)).toEqual(wellFormed(texts))
          expect(whole).toBe(before.length)
        }
      },
    ),
  )
})

it('tells damage in the middle, which something whole follows, from a write that was cut short', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), fc.nat(), fc.integer({ min: 1, max: 255 }), (text, at, by) => {
      const wrong = encodeBlock(text)
      wrong[at % wrong.length]! ^= by
      expect(wholeBlockBehind(wrong)).toBe(false)
      expect(wholeBlockBehind(Buffer.concat([wrong, encodeBlock('later')]))).toBe(true)
    }),
  )
})
