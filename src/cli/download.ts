import { createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { ClientError } from '#platform/http/contract'

/** Asks for a file with the identity of the token. @throws ClientError in the server's own words */
export async function download(address: string): Promise<Response> {
  const token = process.env.ORRERY_TOKEN
  const response = await fetch(address, { headers: token ? { authorization: `Bearer ${token}` } : {} })
  if (response.ok) return response
  const text = await response.text()
  const { error } = response.headers.get('content-type')?.includes('json') ? JSON.parse(text) : { error: undefined }
  throw new ClientError({
    status: response.status,
    ...(error ?? { code: 'ORRERY_UNEXPECTED_ANSWER', message: text.slice(0, 200), hint: 'Check the address.' }),
  })
}

/** A file that is cut short must not look like one. */
export async function writeAside(body: Readable, file: string): Promise<void> {
  const aside = `${file}.part`
  try {
    await pipeline(body, createWriteStream(aside))
    await rename(aside, file)
  } catch (error) {
    await rm(aside, { force: true })
    throw error
  }
}
