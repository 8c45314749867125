import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Upload } from '#data/contract'
import { orrery } from '../cli/orrery.ts'
import { freePort } from '../support/free-port.ts'
import { type RunningServer, startServer } from '../support/server.ts'

/*
 * A table sent to a server that is killed: before it was answered nothing of it is there and it is sent again, after it
 * was answered it becomes a version without being sent again.
 */

const ROWS = 20_000
const PIECE = 100
const rowsFrom = (from: number, rows: number) =>
  Array.from({ length: rows }, (_, i) => `c${from + i},${((from + i) * 37) % 100},${i % 2 ? 'yes' : 'no'}\n`).join('')

let folder: string
let home: string
let port: number
let server: RunningServer

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'orrery-upload-kill-'))
  ;[home, port] = [join(folder, 'home'), await freePort()]
  mkdirSync(join(folder, 'shop'))
  writeFileSync(join(folder, 'table.csv'), `id,amount,bought\n${rowsFrom(0, ROWS)}`)
  writeFileSync(
    join(folder, 'shop', 'orrery.yaml'),
    'project: shop\ndata:\n  customers: { source: "upload://", label: bought, id: id }\n',
  )
  server = await startServer({ home, port })
  const applied = await orrery(['apply', '--server', server.url], { cwd: join(folder, 'shop') })
  expect(applied.code, applied.stdout + applied.stderr).toBe(0)
}, 120_000)
afterAll(async () => {
  await server?.stop()
  rmSync(folder, { recursive: true, force: true })
})

async function restart(): Promise<void> {
  await server.kill()
  server = await startServer({ home, port })
}

/** A body that is sent bit by bit, and tells how far it is. */
function slowTable(rows: number): { body: ReadableStream; sent: () => number } {
  let sent = 0
  const pieces = (async function* () {
    yield Buffer.from('id,amount,bought\n')
    for (let from = 0; from < rows; from += PIECE) {
      yield Buffer.from(rowsFrom(from, PIECE))
      sent += PIECE
      await sleep(5)
    }
  })()
  return { body: Readable.toWeb(Readable.from(pieces)) as ReadableStream, sent: () => sent }
}

const send = (name: string, body: string | ReadableStream, signal?: AbortSignal) =>
  fetch(`${server.url}/api/projects/shop/sources/customers/uploads?name=${name}`, {
    ...{ method: 'POST', body, duplex: 'half', signal: signal ?? null },
  } as RequestInit)
async function uploads(): Promise<Upload[]> {
  const answer = await fetch(`${server.url}/api/projects/shop/sources/customers/uploads`)
  return ((await answer.json()) as { uploads: Upload[] }).uploads
}
const underWay = () => readdirSync(join(home, 'blobs', 'incoming'))

async function until(what: () => boolean | Promise<boolean>): Promise<void> {
  for (let i = 0; !(await what()); i++) {
    if (i > 600) throw new Error('It never came to that.')
    await sleep(50)
  }
}

describe('an upload', { timeout: 120_000 }, () => {
  it('of which the server is killed leaves nothing, and is sent again', async () => {
    const { body, sent } = slowTable(ROWS)
    const answer = send('cut.csv', body).then(
      () => 'answered',
      () => 'cut',
    )
    await until(() => sent() > 1000 && underWay().length > 0)
    await restart()
    expect(await answer).toBe('cut')
    expect(await uploads()).toEqual([])
    expect(underWay()).toEqual([])
    const again = await orrery(
      ['data', 'upload', 'customers', join(folder, 'table.csv'), '--server', server.url, '--json'],
      { cwd: join(folder, 'shop') },
    )
    expect(again.code, again.stdout + again.stderr).toBe(0)
    expect(JSON.parse(again.stdout)).toMatchObject({ state: 'succeeded', version: expect.any(String) })
  })

  it('whose client is gone in the middle leaves nothing either', async () => {
    const before = await uploads()
    const { body, sent } = slowTable(ROWS)
    const client = new AbortController()
    const answer = send('left.csv', body, client.signal).catch(() => 'cut')
    await until(() => sent() > 1000 && underWay().length > 0)
    client.abort()
    expect(await answer).toBe('cut')
    await until(() => underWay().length === 0)
    expect(await uploads()).toEqual(before)
  })

  it('that was answered becomes a version, although the server is killed at once', async () => {
    const answer = await send('safe.csv', `id,amount,bought\n${rowsFrom(ROWS, ROWS)}`)
    expect(answer.status).toBe(202)
    const { id } = (await answer.json()) as Upload
    await restart()
    const mine = async () => (await uploads()).find((one) => one.id === id)
    await until(async () => !['queued', 'running'].includes((await mine())?.state ?? 'lost'))
    const { state, version } = (await mine())!
    expect(state).toBe('succeeded')
    const kept = await fetch(`${server.url}/api/data-versions/${version}`)
    expect(await kept.json()).toMatchObject({ rows: ROWS })
  })
})
