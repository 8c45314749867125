import { createReadStream } from 'node:fs'
import { open, rm } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { Peer } from './servers.ts'
import type { Figure } from './table.ts'

const MEGABYTES = 200
const PIECE = Buffer.alloc(1_000_000, 'orrery ')

/** One large file up and down through the server, and by how much its memory grew. */
export async function measureTransfers(peer: Peer, experiment: string, run: string): Promise<Figure['values']> {
  const file = join(tmpdir(), `orrery-bench-${process.pid}.bin`)
  const out = await open(file, 'w')
  for (let i = 0; i < MEGABYTES; i++) await out.write(PIECE)
  await out.close()
  const address = `${peer.url}/api/2.0/mlflow-artifacts/artifacts/${experiment}/${run}/artifacts/large.bin`
  const memory = peer.memoryMiB()
  const cpu = peer.cpuMs()
  const began = performance.now()
  await put(address, file)
  const between = performance.now()
  const received = await get(address)
  const ended = performance.now()
  await rm(file)
  if (received !== MEGABYTES * PIECE.length) throw new Error(`${received} bytes came back`)
  return {
    upMBs: (1000 * MEGABYTES) / (between - began),
    downMBs: (1000 * MEGABYTES) / (ended - between),
    cpuMs: peer.cpuMs() - cpu,
    grownMiB: Math.max(0, peer.memoryMiB() - memory),
  }
}

async function put(url: string, file: string): Promise<void> {
  const sending = request(url, { method: 'PUT', headers: { 'content-length': MEGABYTES * PIECE.length } })
  const answered = new Promise<number>((resolve, reject) => {
    sending.once('response', (response) => resolve(response.resume().statusCode!)).once('error', reject)
  })
  await pipeline(createReadStream(file, { highWaterMark: PIECE.length }), sending)
  const status = await answered
  if (status !== 200) throw new Error(`upload: ${status}`)
}

function get(url: string): Promise<number> {
  return new Promise((resolve, reject) => {
    request(url, (response) => {
      let bytes = 0
      response.on('data', (piece: Buffer) => (bytes += piece.length))
      response.on('end', () => resolve(bytes))
      response.on('error', reject)
    })
      .once('error', reject)
      .end()
  })
}
