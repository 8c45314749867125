import type { Readable } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'
import sax, { type Tag } from 'sax'

/** A workbook's parts are some ten deep; what is deeper was made to take memory. */
const DEEPEST = 100

export interface XmlListener {
  open?(name: string, attributes: Readonly<Record<string, string>>): void
  text?(text: string): void
  close?(name: string): void
}

/**
 * Reads XML as it arrives, and hands out after each piece what the listener collected by then. Entities of a document's
 * own are an error, so nothing is expanded. Names come without their prefix.
 *
 * @throws whatever the parser says of XML that is not well formed
 */
export async function* readXml<T>(from: Readable, listener: XmlListener, collected: () => T[]): AsyncGenerator<T> {
  const xml = sax.parser(true)
  const decoder = new StringDecoder('utf8')
  let broken: Error | undefined
  let depth = 0
  xml.onerror = (error) => {
    broken ??= error
  }
  xml.onopentag = (tag) => {
    if (++depth > DEEPEST) throw new Error(`its elements are nested more than ${DEEPEST} deep`)
    listener.open?.(local(tag.name), (tag as Tag).attributes)
  }
  xml.onclosetag = (name) => {
    depth--
    listener.close?.(local(name))
  }
  xml.ontext = xml.oncdata = (text) => listener.text?.(text)
  const refuse = () => {
    if (broken) throw new Error(broken.message.split('\n')[0])
  }
  for await (const chunk of from as AsyncIterable<Buffer>) {
    xml.write(decoder.write(chunk))
    refuse()
    yield* collected()
  }
  xml.close()
  refuse()
  yield* collected()
}

/** Reads XML to its end for what the listener keeps. */
export async function scanXml(from: Readable, listener: XmlListener): Promise<void> {
  for await (const _ of readXml(from, listener, () => [])) _
}

const local = (name: string) => name.slice(name.indexOf(':') + 1)

/** An attribute whatever its prefix: `r:id` is `id`. */
export function attribute(attributes: Readonly<Record<string, string>>, name: string): string | undefined {
  return attributes[name] ?? Object.entries(attributes).find(([key]) => local(key) === name)?.[1]
}
