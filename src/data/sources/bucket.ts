import { mkdir, stat } from 'node:fs/promises'
import { dirname, join, posix } from 'node:path'
import { OrreryError } from '#platform/errors'
import {
  DiskFull,
  SourceDenied,
  SourceNotFound,
  SourceTooLarge,
  SourceUnreachable,
  TableEmpty,
  TooManyFiles,
} from '../errors.ts'
import { eachOf } from '../files/remotes/retry.ts'
import { s3AccessFrom } from '../files/remotes/s3-access.ts'
import { openS3Client, type S3Client, type S3Object } from '../files/remotes/s3-client.ts'
import { MAX_FILES, SNAPSHOT } from '../limits.ts'
import { partitionOf } from './find-files.ts'
import { isTableName } from './format.ts'
import type { SourceFile } from './resolved.ts'

const AT_ONCE = 8
/** Keys looked through for the few that match. */
const MOST_KEYS = 1_000_000

/** A bucket and what is asked of it, with secrets filled in. */
export interface BucketCall {
  /** `s3://bucket/key`, a glob of keys, or a prefix that ends with a slash. */
  address: string
  endpoint?: string | undefined
  region?: string | undefined
  accessKey?: string | undefined
  secretKey?: string | undefined
  env: NodeJS.ProcessEnv
}

/**
 * Brings the objects of a key, a prefix or a glob to this machine.
 *
 * @throws SourceNotFound, SourceDenied, SourceUnreachable, SourceTooLarge, TooManyFiles, TableEmpty, DiskFull
 */
export async function readBucket(call: BucketCall, folder: string): Promise<SourceFile[]> {
  return inOurWords(call, async (client, bucket) => {
    const objects = await matching(client, call)
    const bytes = objects.reduce((sum, { size }) => sum + size, 0)
    if (bytes > SNAPSHOT.bytes) throw new SourceTooLarge(call.address, SNAPSHOT.bytes)
    const files = objects.map((object, i): SourceFile => {
      const partition = objects.length > 1 || isPattern(call.address) ? partitionOf(object.key) : []
      return {
        // A key may be any text: only what names columns, and the extension, become a path.
        path: join(
          folder,
          's3',
          String(i),
          ...partition,
          `object${posix.extname(object.key.replace(/\.(gz|zst)$/i, ''))}`,
        ),
        name: `s3://${bucket}/${object.key}`,
        bytes: object.size,
        modifiedMs: object.modifiedMs,
        ...(partition.length > 0 && { partition }),
      }
    })
    await eachOf([...files.keys()], AT_ONCE, async (i) => {
      const { path, name, bytes } = files[i]!
      await mkdir(dirname(path), { recursive: true })
      if (!(await client.get(objects[i]!.key, path))) throw new SourceNotFound(name, `bucket ${bucket}`)
      const arrived = await stat(path)
      if (arrived.size !== bytes) throw new SourceUnreachable(name, `${arrived.size} of ${bytes} bytes arrived`)
      // What is read from now on is the copy.
      files[i]!.modifiedMs = arrived.mtimeMs
    })
    return files
  })
}

/** What a bucket says of the objects, without bringing them. */
export function askBucket(call: BucketCall): Promise<S3Object[]> {
  return inOurWords(call, (client) => matching(client, call))
}

const isPattern = (address: string) => address.endsWith('/') || /[*?[{]/.test(address)

async function matching(client: S3Client, { address }: BucketCall): Promise<S3Object[]> {
  const { bucket, key } = partsOf(address)
  const literal = /^[^*?[{]*/.exec(key)![0]
  const isFolder = key === '' || key.endsWith('/')
  const found: S3Object[] = []
  let seen = 0
  for await (const object of client.list(literal)) {
    if (++seen > MOST_KEYS) throw new TooManyFiles(address, MOST_KEYS)
    const fits = isFolder ? isTable(object.key.slice(key.length)) : object.key === key || matches(object.key, key)
    if (!fits || object.key.endsWith('/')) continue
    if (object.size === 0) throw new TableEmpty(`s3://${bucket}/${object.key}`, 'is an empty object')
    found.push(object)
    // A key that is there is the object, whatever else begins so.
    if (object.key === key) return [object]
    if (found.length > MAX_FILES) throw new TooManyFiles(address, MAX_FILES)
  }
  if (found.length === 0) throw new SourceNotFound(address, `bucket ${bucket}`, isFolder ? 'no table' : 'no object')
  return found.sort((a, b) => (a.key < b.key ? -1 : 1))
}

const matches = (key: string, pattern: string) => /[*?[{]/.test(pattern) && posix.matchesGlob(key, pattern)

const isTable = (below: string) => below.split('/').every((part) => !/^[._]/.test(part)) && isTableName(below)

function partsOf(address: string): { bucket: string; key: string } {
  const [, bucket, key] = /^s3:\/\/([^/]+)\/?(.*)$/i.exec(address) ?? []
  if (!bucket) throw new SourceNotFound(address, 'the project file', 'no bucket')
  return { bucket, key: key! }
}

async function inOurWords<T>(call: BucketCall, act: (client: S3Client, bucket: string) => Promise<T>): Promise<T> {
  const { bucket } = partsOf(call.address)
  try {
    return await act(openS3Client(call.address, { bucket, ...s3AccessFrom(call, call.env) }), bucket)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOSPC' || code === 'EDQUOT') throw new DiskFull(undefined)
    if (!(error instanceof OrreryError) || !error.code.startsWith('ORRERY_DATA_REMOTE')) throw error
    const said = message.replace(/\.$/, '')
    if (error.code === 'ORRERY_DATA_REMOTE_FAILED') throw new SourceUnreachable(call.address, said, error.hint)
    throw new SourceDenied(call.address, said, error.hint)
  }
}
