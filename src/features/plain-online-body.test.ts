import fc from 'fast-check'
import { expect, it } from 'vitest'
import { OnlineBody } from './contract.ts'
import { isPlainOnlineBody } from './plain-online-body.ts'

it('takes no body that the schema would refuse or change', () => {
  const cell = fc.oneof(fc.string(), fc.double(), fc.boolean(), fc.constant(null), fc.constant([]), fc.object())
  const body = fc.record(
    {
      project: fc.oneof(fc.string(), fc.integer()),
      views: fc.oneof(fc.array(fc.string(), { maxLength: 3 }), fc.string()),
      entities: fc.oneof(fc.array(fc.oneof(fc.dictionary(fc.string(), cell), cell), { maxLength: 3 }), cell),
      fullNames: fc.oneof(fc.boolean(), fc.string()),
    },
    { requiredKeys: [] },
  )
  fc.assert(
    fc.property(body, (written) => {
      if (!isPlainOnlineBody(written)) return
      expect(Object.assign({ fullNames: false }, written)).toEqual(OnlineBody.parse(written))
    }),
    { numRuns: 2_000 },
  )
})

it('takes what people send', () => {
  const plain = { project: 'shop', entities: [{ customer: 7, site: 'a', asked: null }] }
  expect(isPlainOnlineBody(plain)).toBe(true)
  expect(isPlainOnlineBody({ ...plain, views: ['usage'], fullNames: true })).toBe(true)
  expect(isPlainOnlineBody({ ...plain, entities: [] })).toBe(false)
  expect(isPlainOnlineBody({ ...plain, entities: [{ customer: { a: 1 } }] })).toBe(false)
})
