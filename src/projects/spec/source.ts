import { z } from 'zod'
import { Duration, text } from './scalars.ts'
import { quoted, says } from './wording.ts'

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, {
  error: says('this is no sha256', 'Write the 64 lower-case hexadecimal digits that `sha256sum` prints.'),
})

/** Where in an answer something stands: `data.items`, `links[0].href`, `.` for the whole of it. */
const AnswerPath = z.string().regex(/^(\.|\$?\.?[^.[\]\s]+(\[\d+\]|\.[^.[\]\s]+)*)$/, {
  error: (issue) => says(`${quoted(issue.input)} is no place in an answer`, 'Write keys joined by dots: data.items.'),
})

const Parameter = text('the name of a parameter', 'Write it as the API calls it.')

/** How an API is asked, and where its answers have the rows. */
export const ApiRequest = z.strictObject({
  headers: z.record(z.string(), z.string()).default({}).meta({
    description: `sent with every request, such as Authorization: "Bearer \${secret.TOKEN}"`,
  }),
  parameters: z
    .record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
    .default({})
    .meta({ description: 'added to the address' }),
  records: AnswerPath.optional().meta({
    description: 'where the rows stand in an answer: data.items, or . for the answer itself; absent: a file',
  }),
  next: AnswerPath.optional().meta({
    description: 'where the address of the next page stands; `link` is the header of that name',
  }),
  page: z
    .strictObject({
      parameter: Parameter.default('page').meta({ description: 'the parameter that takes the number' }),
      from: z.int().min(0).default(1).meta({ description: 'the number of the first page, or row' }),
      step: z.int().min(1).default(1).meta({ description: 'how far it is to the next: 1, or the rows of a page' }),
    })
    .optional()
    .meta({ description: 'pages by number; the first without rows is the end' }),
  cursor: z
    .strictObject({
      parameter: Parameter.default('cursor').meta({ description: 'the parameter that takes it' }),
      at: AnswerPath.meta({ description: 'where the cursor of the next page stands; none is the end' }),
    })
    .optional()
    .meta({ description: 'pages by a cursor' }),
  most: z.int().min(1).max(1_000_000).default(10_000).meta({ description: 'pages after which something is wrong' }),
})
export type ApiRequest = z.output<typeof ApiRequest>

/** A store that speaks S3; what is absent comes from the environment, as for Amazon's own tools. */
export const Bucket = z.strictObject({
  endpoint: z
    .url({ protocol: /^https?$/ })
    .optional()
    .meta({ description: "of a store that is not Amazon's" }),
  region: z.string().optional().meta({ description: 'default: AWS_REGION, else us-east-1' }),
  access_key: z.string().optional().meta({ description: 'default: AWS_ACCESS_KEY_ID' }),
  secret_key: z.string().optional().meta({ description: 'default: AWS_SECRET_ACCESS_KEY' }),
})
export type Bucket = z.output<typeof Bucket>

export const Sensitivity = z.enum(['public', 'internal', 'confidential', 'personal'])

/** What a data set says of where its rows come from, and of the source itself. */
export const sourceKeys = {
  source: z
    .string()
    .min(1, { error: says('the source is empty', 'Write a path, a URL, a bucket or a database.') })
    .meta({
      description:
        'a path, folder or glob; https://, s3://, postgres://, mysql://, upload:// or predictions://<endpoint>',
    }),
  sha256: sha256.optional().meta({ description: 'the content the source must have; a URL needs it, or `poll`' }),
  poll: Duration.optional().meta({ description: 'how often the server looks whether the source has changed' }),
  sheet: z.string().min(1).optional().meta({ description: 'of a spreadsheet, by its name; default: the first' }),
  table: text('a table', 'Write its name: orders, or sales.orders.')
    .optional()
    .meta({ description: 'of a database: all rows of a table' }),
  query: text('a query', 'Write one SELECT.').optional().meta({ description: 'of a database: the rows of one SELECT' }),
  request: ApiRequest.optional().meta({
    description: 'how a URL is asked: headers, parameters, where rows stand, pages',
  }),
  s3: Bucket.optional().meta({ description: 'the store a bucket is in' }),
  owner: z.string().min(1).optional().meta({ description: 'who answers for the source' }),
  licence: z.string().min(1).optional().meta({ description: 'under which it may be used' }),
  cost: z.string().min(1).optional().meta({ description: 'what it costs, in words: 120 EUR a month' }),
  sensitivity: Sensitivity.optional().meta({ description: 'who may see it' }),
  fresh_within: Duration.optional().meta({ description: 'older than this, the source counts as stale' }),
}

type SourceKeys = z.output<z.ZodObject<typeof sourceKeys>>

const DATABASES = ['postgres', 'postgresql', 'mysql']
const SERVERS = ['https', 'http', 's3', ...DATABASES, 'upload', 'predictions']
/** Headers and parameters that carry what must not stand in a file. */
const CONFIDENTIAL = /authori[sz]ation|cookie|api[-_]?key|token|secret|password/i
const SECRET = /\$\{secret\.([^}]*)\}/g

/** What is wrong with the way a source is written: the key it is about, and what to say. */
export function sourceProblems(set: SourceKeys): { path: (string | number)[]; message: string }[] {
  const found: { path: (string | number)[]; message: string }[] = []
  const problem = (path: string | string[], wrong: string, todo: string) =>
    found.push({ path: [path].flat(), message: says(wrong, todo) })
  const { source } = set
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(source)?.[1]?.toLowerCase()
  const isSecret = /^\$\{secret\.[^}]*\}$/.test(source)
  const isDatabase = isSecret || (scheme !== undefined && DATABASES.includes(scheme))
  const isWeb = scheme === 'https' || scheme === 'http'

  if (scheme !== undefined && !SERVERS.includes(scheme))
    problem(
      'source',
      `a source cannot be read from ${scheme}://`,
      'Use a path, https://, s3://, postgres://, mysql://, upload:// or predictions://.',
    )
  if (scheme === 'http' && !/^http:\/\/(localhost|127\.\d+\.\d+\.\d+|\[::1\])([:/]|$)/i.test(source))
    problem('source', 'http:// can be read and changed on its way', 'Write https://.')
  if (isWeb && set.sha256 === undefined && set.poll === undefined)
    problem(
      'source',
      'a source on the web may change under you',
      'Add `sha256:` with the digest of the file, or `poll: 1d` for one that is meant to change.',
    )
  if (set.sha256 !== undefined && set.poll !== undefined)
    problem('poll', 'what is pinned does not change', 'Remove `sha256`, or `poll`.')
  if (isDatabase && set.sha256 !== undefined)
    problem('sha256', 'rows of a database have no digest', 'Remove it; each version is named by its content anyway.')
  if (set.table !== undefined && set.query !== undefined)
    problem('query', '`table` and `query` exclude each other', 'Remove one of them.')
  if (isDatabase && !isSecret && set.table === undefined && set.query === undefined)
    problem('source', 'a database has many tables', 'Add `table:` with one of them, or `query:` with a SELECT.')
  for (const key of ['table', 'query'] as const)
    if (set[key] !== undefined && scheme !== undefined && !isDatabase)
      problem(key, `\`${key}\` belongs to a database`, 'Remove it, or name a database under `source`.')
  if (set.request && !isWeb && !isSecret)
    problem('request', '`request` belongs to a URL', 'Remove it, or write a URL under `source`.')
  if (set.s3 && scheme !== 's3') problem('s3', '`s3` belongs to a bucket', 'Write s3://bucket/key under `source`.')
  if (scheme === 'predictions' && !/^predictions:\/\/[a-z][a-z0-9_-]*$/.test(source))
    problem('source', 'predictions:// needs an endpoint', 'Write predictions:// and its name.')
  if (scheme === 'upload' && source !== 'upload://')
    problem('source', 'an upload has no address', 'Write upload:// alone: the newest upload is the table.')
  found.push(...pagingProblems(set.request), ...credentialProblems(set, isWeb))
  return found
}

function pagingProblems(request: ApiRequest | undefined) {
  const ways = (['next', 'page', 'cursor'] as const).filter((key) => request?.[key] !== undefined)
  const at = (key: string, wrong: string, todo: string) => ({ path: ['request', key], message: says(wrong, todo) })
  if (ways.length > 1) return [at(ways[1]!, `${ways.join(' and ')} exclude each other`, 'Keep one of them.')]
  if (ways.length === 1 && request?.records === undefined)
    return [at(ways[0]!, 'pages need to know where the rows are', 'Add `records:`, such as data.items, or `.`.')]
  return []
}

/** A project file is in git, and everybody who reads it would read the password. */
function credentialProblems({ source, request, s3 }: SourceKeys, isWeb: boolean) {
  const todo = `Write \${secret.NAME}, and give its value to the server as ORRERY_SECRET_NAME.`
  const at = (path: string[], wrong: string) => ({ path, message: says(wrong, todo) })
  const found = []
  const login = /^[a-z+]+:\/\/([^/?#]*)@/i.exec(source)?.[1]
  const password = login?.includes(':') ? login.slice(login.indexOf(':') + 1) : undefined
  if (password && !hasSecret(password)) found.push(at(['source'], 'a password cannot stand in the project file'))
  const query = isWeb ? source.slice(source.indexOf('?') + 1) : ''
  for (const [, name, value] of query.matchAll(/([^&=#]+)=([^&#]*)/g))
    if (CONFIDENTIAL.test(name!) && !hasSecret(value!))
      found.push(at(['source'], `the value of ${name} cannot stand in the project file`))
  for (const key of ['headers', 'parameters'] as const)
    for (const [name, value] of Object.entries(request?.[key] ?? {}))
      if (CONFIDENTIAL.test(name) && !hasSecret(String(value)))
        found.push(at(['request', key, name], `the value of ${name} cannot stand in the project file`))
  if (s3?.secret_key && !hasSecret(s3.secret_key))
    found.push(at(['s3', 'secret_key'], 'a key cannot stand in the project file'))
  for (const [path, value] of textsOf({ source, request, s3 }))
    for (const [, name] of value.matchAll(SECRET))
      if (!/^[A-Z][A-Z0-9_]*$/.test(name!))
        found.push({
          path,
          message: says(
            `${quoted(name)} is no name of a secret`,
            `Use capital letters, digits and _: \${secret.API_TOKEN}.`,
          ),
        })
  return found
}

const hasSecret = (value: string) => /\$\{secret\.[^}]+\}/.test(value)

function textsOf(value: unknown, path: string[] = []): [string[], string][] {
  if (typeof value === 'string') return [[path, value]]
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, one]) => textsOf(one, [...path, key]))
}
