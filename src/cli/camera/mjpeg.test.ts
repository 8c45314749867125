import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import sharp from 'sharp'
import { framesIn, readMjpeg } from './mjpeg.ts'

const picture = (red: number) =>
  sharp({ create: { width: 32, height: 24, channels: 3, background: { r: red, g: 0, b: 0 } } })
    .jpeg()
    .toBuffer()

async function* inPieces(bytes: Buffer, size: number) {
  for (let from = 0; from < bytes.length; from += size) yield bytes.subarray(from, from + size)
}

describe('an MJPEG stream', () => {
  it.each([1, 7, 100_000])('gives whole frames, however it is cut (%i bytes)', async (size) => {
    const frames = [await picture(0), await picture(120), await picture(250)]
    const stream = Buffer.concat(
      frames.flatMap((frame) => [Buffer.from('--cut\r\ncontent-type: image/jpeg\r\n\r\n'), frame, Buffer.from('\r\n')]),
    )
    const found: Buffer[] = []
    for await (const frame of framesIn(inPieces(stream, size))) found.push(Buffer.from(frame))
    expect(found.map((frame) => frames.findIndex((one) => one.equals(frame)))).toEqual([0, 1, 2])
  })

  it('is read over HTTP, and refused where it is none', async () => {
    const frame = await picture(200)
    const server = createServer((request, reply) => {
      if (request.url !== '/stream') return reply.writeHead(404).end()
      reply.writeHead(200, { 'content-type': 'multipart/x-mixed-replace; boundary=cut' })
      reply.end(Buffer.concat([Buffer.from('--cut\r\n\r\n'), frame, Buffer.from('\r\n--cut--')]))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const read = async (url: string) => {
      const found: Buffer[] = []
      for await (const one of readMjpeg(url, AbortSignal.timeout(10_000))) found.push(one)
      return found
    }
    try {
      expect((await read(`${address}/stream`)).map((one) => one.equals(frame))).toEqual([true])
      await expect(read(`${address}/nothing`)).rejects.toThrow('answers 404')
      await expect(read('http://127.0.0.1:1/')).rejects.toThrow('No camera answers')
    } finally {
      server.close()
    }
  })
})
