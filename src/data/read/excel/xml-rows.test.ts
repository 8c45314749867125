import { Readable } from 'node:stream'
import { expect, it } from 'vitest'
import { scanXml } from './xml-rows.ts'

const nested = (deep: number) => Readable.from([Buffer.from('<c>'.repeat(deep) + '</c>'.repeat(deep))])

it('elements may be nested as deep as a workbook needs them, and no deeper', async () => {
  let opened = 0
  await scanXml(nested(100), { open: () => opened++ })
  expect(opened).toBe(100)
  await expect(scanXml(nested(1_000_000), {})).rejects.toThrow('nested more than 100 deep')
})

it('entities of a document of its own are not expanded', async () => {
  const bomb = '<!DOCTYPE a [<!ENTITY b "bbbb">]><a>&b;</a>'
  await expect(scanXml(Readable.from([Buffer.from(bomb)]), {})).rejects.toThrow(/entity/i)
})
