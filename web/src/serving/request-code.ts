/** A request as somebody would write it down: what is sent, and where. */
export interface WrittenRequest {
  readonly url: string
  readonly body: unknown
  /** A file of this name is sent as it is, instead of a body. */
  readonly file?: { readonly name: string; readonly type: string } | undefined
}

export type Language = 'curl' | 'Python' | 'JavaScript'
export const LANGUAGES: readonly Language[] = ['curl', 'Python', 'JavaScript']

/** A request as code that can be pasted and run, without any package beside what each language has or everybody installs. */
export function requestCode(language: Language, request: WrittenRequest): string {
  if (language === 'curl') return curl(request)
  return language === 'Python' ? python(request) : javascript(request)
}

/** In a shell a quote ends a quoted text, whatever stands before it. */
const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`

function curl({ url, body, file }: WrittenRequest): string {
  if (file)
    return `curl ${quoted(url)} \\\n  -H ${quoted(`content-type: ${file.type}`)} \\\n  --data-binary ${quoted(`@${file.name}`)}`
  return `curl ${quoted(url)} \\\n  -H 'content-type: application/json' \\\n  -d ${quoted(JSON.stringify(body))}`
}

function python({ url, body, file }: WrittenRequest): string {
  const call = file
    ? `reply = requests.post(
    ${JSON.stringify(url)},
    data=open(${JSON.stringify(file.name)}, "rb"),
    headers={"content-type": ${JSON.stringify(file.type)}},
)`
    : `reply = requests.post(
    ${JSON.stringify(url)},
    json=${pythonOf(body, 1)},
)`
  return `import requests\n\n${call}\nreply.raise_for_status()\nprint(reply.json())`
}

function javascript({ url, body, file }: WrittenRequest): string {
  const given = file
    ? `  headers: { 'content-type': ${JSON.stringify(file.type)} },
  body: await readFile(${JSON.stringify(file.name)}),`
    : `  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(${indented(JSON.stringify(body, null, 2))}),`
  const read = file ? `import { readFile } from 'node:fs/promises'\n\n` : ''
  return `${read}const reply = await fetch(${JSON.stringify(url)}, {
  method: 'POST',
${given}
})
console.log(await reply.json())`
}

const indented = (text: string) => text.replaceAll('\n', '\n  ')

/** A value of JSON as Python writes it; JSON's texts are Python's. */
function pythonOf(value: unknown, depth: number): string {
  if (value === null || value === undefined) return 'None'
  if (typeof value === 'boolean') return value ? 'True' : 'False'
  const [inner, outer] = ['    '.repeat(depth + 1), '    '.repeat(depth)]
  if (Array.isArray(value)) {
    if (!value.some((one) => typeof one === 'object' && one !== null))
      return `[${value.map((one) => pythonOf(one, depth)).join(', ')}]`
    return `[\n${value.map((one) => `${inner}${pythonOf(one, depth + 1)},\n`).join('')}${outer}]`
  }
  if (typeof value !== 'object') return JSON.stringify(value)
  const entries = Object.entries(value)
  return `{\n${entries.map(([key, one]) => `${inner}${JSON.stringify(key)}: ${pythonOf(one, depth + 1)},\n`).join('')}${outer}}`
}
