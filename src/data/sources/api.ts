import { createWriteStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ApiRequest } from '#projects/contract'
import { AnswerUnreadable, DiskFull, PagingEndless, SourceTooLarge, TableEmpty } from '../errors.ts'
import { DOWNLOAD, SNAPSHOT } from '../limits.ts'
import { flattened, valueAt } from './answer-path.ts'
import { getHttp, type Patience } from './http.ts'

/** One answer is held in memory. */
const PAGE: Patience = { size: 64e6, total: 5 * 60_000, silence: DOWNLOAD.silence }

/** What is asked, with secrets filled in. */
export interface ApiCall {
  url: string
  headers: Readonly<Record<string, string>>
  request: ApiRequest
  /** As people may see it. */
  name: string
}

/**
 * Asks an API page by page and keeps its records as JSON lines.
 *
 * @throws SourceUnreachable, SourceDenied, AnswerUnreadable, PagingEndless, SourceTooLarge, TableEmpty, DiskFull
 */
export async function readApi(call: ApiCall, path: string): Promise<{ pages: number; records: number }> {
  const counted = { pages: 0, records: 0 }
  let bytes = 0
  async function* lines() {
    for await (const records of pagesOf(call)) {
      counted.pages++
      let piece = ''
      for (const record of records) {
        if (typeof record !== 'object' || record === null || Array.isArray(record))
          throw new AnswerUnreadable(call.name, `a record is no object but ${describe(record)}`)
        piece += `${JSON.stringify(flattened(record))}\n`
      }
      counted.records += records.length
      bytes += Buffer.byteLength(piece)
      if (bytes > SNAPSHOT.bytes) throw new SourceTooLarge(call.name, SNAPSHOT.bytes)
      if (piece !== '') yield piece
    }
  }
  try {
    await pipeline(Readable.from(lines()), createWriteStream(path))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC') throw new DiskFull(path)
    throw error
  }
  if ((await stat(path)).size === 0) throw new TableEmpty(call.name, 'gave no records')
  return counted
}

/** The records of every page, until the API says that there is no further one. */
async function* pagesOf(call: ApiCall): AsyncGenerator<unknown[]> {
  const { request, name } = call
  const first = addressOf(call)
  const asked = new Set<string>()
  let url: string | undefined = first
  for (let page = 1; url !== undefined; page++) {
    if (page > request.most)
      throw new PagingEndless(name, `there are more than ${request.most.toLocaleString('en-US')}`)
    if (asked.has(url)) throw new PagingEndless(name, `page ${page} is one that was read before`)
    asked.add(url)
    const { answer, link } = await ask(url, call)
    const records = valueAt(answer, request.records!)
    if (!Array.isArray(records))
      throw new AnswerUnreadable(name, `at \`${request.records}\` stands ${describe(records)}, no list of records`)
    if (records.length > 0) yield records
    url = nextUrl({ call, first, page, answer, link, isEmpty: records.length === 0, url })
  }
}

/** The first page of it, to see whether it answers as it should. */
export async function askApi(call: ApiCall): Promise<{ records: number; modified: string | null }> {
  const patience = { ...PAGE, total: 15_000, silence: 15_000 }
  const { answer, modified } = await ask(addressOf(call), call, { patience, attempts: 1 })
  const records = valueAt(answer, call.request.records!)
  if (!Array.isArray(records))
    throw new AnswerUnreadable(
      call.name,
      `at \`${call.request.records}\` stands ${describe(records)}, no list of records`,
    )
  return { records: records.length, modified }
}

function addressOf({ url, request }: ApiCall): string {
  const address = new URL(url)
  for (const [key, value] of Object.entries(request.parameters)) address.searchParams.set(key, String(value))
  if (request.page) address.searchParams.set(request.page.parameter, String(request.page.from))
  return address.href
}

async function ask(url: string, call: ApiCall, more: { patience?: Patience; attempts?: number } = {}) {
  const headers = { accept: 'application/json', ...call.headers }
  return getHttp(url, { patience: PAGE, ...more, headers, name: call.name }, async (body, { headers: told }) => ({
    answer: parsed(await text(body), told.get('content-type') ?? '', call.name),
    link: told.get('link'),
    modified: told.get('last-modified'),
  }))
}

function parsed(written: string, type: string, name: string): unknown {
  try {
    return JSON.parse(written)
  } catch (error) {
    if (/html/i.test(type) || /^\s*<(!doctype|html)/i.test(written))
      throw new AnswerUnreadable(name, 'it is a page of HTML, such as one to log in')
    throw new AnswerUnreadable(name, `it is no JSON (${(error as Error).message})`)
  }
}

function nextUrl(at: {
  call: ApiCall
  first: string
  page: number
  answer: unknown
  link: string | null
  isEmpty: boolean
  url: string
}): string | undefined {
  const { request, name } = at.call
  if (request.page) {
    if (at.isEmpty) return undefined
    const address = new URL(at.first)
    address.searchParams.set(request.page.parameter, String(request.page.from + at.page * request.page.step))
    return address.href
  }
  if (request.cursor) {
    const cursor = valueAt(at.answer, request.cursor.at)
    if (cursor === undefined || cursor === null || cursor === '' || cursor === false) return undefined
    const address = new URL(at.first)
    address.searchParams.set(request.cursor.parameter, String(cursor))
    return address.href
  }
  if (!request.next) return undefined
  const next = request.next === 'link' ? nextOfHeader(at.link) : valueAt(at.answer, request.next)
  if (next === undefined || next === null || next === '' || next === false) return undefined
  if (typeof next !== 'string')
    throw new AnswerUnreadable(name, `at \`${request.next}\` stands ${describe(next)}, no address`)
  const address = URL.parse(next, at.url)
  // Headers hold secrets: an answer must not send them elsewhere.
  if (address?.origin !== new URL(at.first).origin)
    throw new AnswerUnreadable(name, `its next page is on another server (${address?.host ?? next})`)
  return address.href
}

/** RFC 8288: `<https://…?page=2>; rel="next"`. */
function nextOfHeader(link: string | null): string | undefined {
  for (const [, address, parameters] of (link ?? '').matchAll(/<([^>]*)>([^<]*)/g))
    if (/;\s*rel\s*=\s*"?([^"]*\s)?next(\s[^"]*)?"?/i.test(parameters!)) return address
  return undefined
}

function describe(value: unknown): string {
  if (value === undefined || value === null) return 'nothing'
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'object' ? 'an object' : `the ${typeof value} ${JSON.stringify(value).slice(0, 40)}`
}
