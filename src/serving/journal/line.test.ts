import fc from 'fast-check'
import { expect, it } from 'vitest'
import { encodeJson } from '#platform/storage'
import type { NewPrediction } from '../store.ts'
import { createLineWriter, predictionsOf } from './line.ts'

const text = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('a\tb', 'a\nb', '"', '\\', '\u0000', '\u2028', ''))
const json = fc.json().map((value) => encodeJson(JSON.parse(value)))
const predictions = fc.array(
  fc.record<NewPrediction>({
    id: text,
    endpoint: fc.constantFrom('a', 'b\t'),
    project: fc.constantFrom('p', 'q'),
    model: fc.constantFrom('m', 'n"'),
    version: fc.integer({ min: 1, max: 3 }),
    route: fc.constantFrom('stable', 'canary'),
    eventTime: fc.integer(),
    receivedAt: fc.integer({ min: 0, max: 2 ** 45 }),
    latencyUs: fc.nat(),
    inputs: json,
    value: fc.double({ noNaN: true, noDefaultInfinity: true }),
    label: fc.option(text),
    probabilities: fc.option(json),
    scores: json,
    weights: json,
  }),
  { maxLength: 6 },
)

it('gives every prediction as it was written, whatever its texts hold', () => {
  fc.assert(
    fc.property(predictions, (written) => {
      const lineOf = createLineWriter()
      const lines = written.map(lineOf).join('')
      // On disk it is UTF-8.
      const read = predictionsOf(Buffer.from(lines).toString())
      expect(read.map(noNegativeZero)).toEqual(written.map(noNegativeZero))
    }),
  )
})

/** A text of a number does not tell it from zero; nobody asks. */
const noNegativeZero = (prediction: NewPrediction) => ({ ...prediction, value: prediction.value + 0 })
