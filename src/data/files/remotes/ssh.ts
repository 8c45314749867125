import { spawn } from 'node:child_process'
import { lstatSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { RemoteFailed, RemoteRefused } from '../errors.ts'
import type { Blob, LocalBlob, Remote } from './remote.ts'
import { Passing, retried } from './retry.ts'

export interface SshAddress {
  /** `user@host` or a name of ~/.ssh/config. */
  readonly host: string
  readonly port?: string | undefined
  readonly path: string
}

/** Sent by one connection: what a cut one loses. */
const CHUNK_FILES = 1000
const CHUNK_BYTES = 1e9
/** ssh's own exit code for a connection that failed. */
const NO_CONNECTION = 255

const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`

/**
 * A folder on another machine, through the system's own `ssh` with its keys and configuration, and `tar` and
 * `sha256sum` there: nothing to install on it.
 *
 * @param program `ssh`, or another with the same arguments, as words
 */
export function openSshRemote(url: string, { host, port, path }: SshAddress, program: readonly string[]): Remote {
  const words = [...program.slice(1), '-o', 'BatchMode=yes', ...(port ? ['-p', port] : []), '--', host]
  const root = quoted(path)

  const ask = (script: string, input?: Pipe) =>
    retried(
      async () => {
        const ended = await pipe({ program: program[0]!, args: [...words, script] }, input)
        if (ended.code === 0) return ended.stdout
        const why = ended.stderr.trim().split('\n')[0] || `exit code ${ended.code}`
        if (ended.code === NO_CONNECTION && !/denied|verification failed|not resolve/i.test(ended.stderr))
          throw new Passing(why)
        throw new RemoteRefused(url, why, `Try it by hand: ssh ${host} ls ${path}`)
      },
      (last) => new RemoteFailed(url, last.message),
    )

  async function listed(): Promise<Map<string, number>> {
    const lines = await ask(
      `cd ${root} 2>/dev/null || exit 0; find . -path './.arriving' -prune -o -type f -exec wc -c {} +`,
    )
    return new Map(
      lines.split('\n').flatMap((line) => {
        const [, size, hash] = /^\s*(\d+) \.\/..\/([0-9a-f]{64})$/.exec(line) ?? []
        return hash ? [[hash, Number(size)] as const] : []
      }),
    )
  }

  async function putChunk(blobs: readonly LocalBlob[], attempt = 1): Promise<void> {
    const aside = `.arriving/${process.pid}-${Date.now()}-${Math.random().toString(36).slice(2)}`
    const into = quoted(aside)
    const blobsFolder = dirname(dirname(blobs[0]!.path))
    const names = blobs.map(({ hash }) => namedIn(hash)).join('\n')
    const hashes = await ask(
      `set -e; mkdir -p ${root}; cd ${root}; mkdir -p ${into}; cd ${into}; tar -xf -; find . -type f -exec ${HASH} {} +`,
      { program: 'tar', args: ['-cf', '-', '-C', blobsFolder, '-T', '-'], input: names },
    )
    const arrived = new Map(
      hashes.split('\n').flatMap((line) => {
        const [, hash, name] = /^\\?([0-9a-f]{64}) [ *]\.\/..\/([0-9a-f]{64})$/.exec(line) ?? []
        return hash && name ? [[name, hash] as const] : []
      }),
    )
    const wrong = blobs.filter(({ hash }) => arrived.get(hash) !== hash)
    if (wrong.length > 0) {
      await ask(`cd ${root} && rm -rf ${into}`)
      if (attempt < 3) return putChunk(blobs, attempt + 1)
      throw new RemoteFailed(url, `${wrong.length} blobs arrived with other bytes`)
    }
    await ask(
      `set -e; cd ${root}; sync -f . 2>/dev/null || sync; ` +
        `for from in ${into}/??; do to="\${from##*/}"; mkdir -p "$to"; mv -f "$from"/* "$to"/; done; ` +
        `rm -rf ${into}; sync -f . 2>/dev/null || sync`,
    )
  }

  return {
    url,
    present: async (blobs) => {
      const sizes = await listed()
      return new Set(blobs.filter(({ hash, size }) => sizes.get(hash) === size).map(({ hash }) => hash))
    },
    holds: async (hashes) => {
      const sizes = await listed()
      return new Set(hashes.filter((hash) => sizes.has(hash)))
    },
    put: async (blobs, moved) => {
      for (const chunk of chunksOf(blobs)) {
        await putChunk(chunk)
        moved(
          chunk.length,
          chunk.reduce((sum, { size }) => sum + size, 0),
        )
      }
    },
    get: async (blobs, folder, moved) => {
      for (const chunk of chunksOf(blobs)) {
        const wanted = chunk.map(({ hash }) => namedIn(hash)).join('\n')
        const unpacked = mkdtempSync(join(folder, '.tar-'))
        await retried(
          async () => {
            const script = `cd ${root} 2>/dev/null || cd /; while read -r name; do if [ -f "$name" ]; then echo "$name"; fi; done | tar -cf - -T -`
            const ended = await pipe(
              { program: 'tar', args: ['-xf', '-', '-C', unpacked, '--no-same-owner'] },
              { program: program[0]!, args: [...words, script], input: `${wanted}\n` },
            )
            if (ended.code !== 0) throw new Passing(ended.stderr.trim().split('\n')[0] ?? '')
          },
          (last) => new RemoteFailed(url, last.message),
        )
        for (const { hash, size } of chunk) if (takeOut(unpacked, hash, join(folder, hash))) moved(1, size)
        rmSync(unpacked, { recursive: true, force: true })
      }
    },
  }
}

/** Macs have another name for it. */
const HASH = `sh -c 'sha256sum "$@" 2>/dev/null || shasum -a 256 "$@"' hash`

const namedIn = (hash: string) => `${hash.slice(0, 2)}/${hash}`

/** Only a plain file under the name that was asked for: an archive may hold anything. */
function takeOut(unpacked: string, hash: string, to: string): boolean {
  const folder = join(unpacked, hash.slice(0, 2))
  if (!lstatSync(folder, { throwIfNoEntry: false })?.isDirectory() || !readdirSync(folder).includes(hash)) return false
  if (!lstatSync(join(folder, hash)).isFile()) return false
  renameSync(join(folder, hash), to)
  return true
}

function chunksOf<B extends Blob>(blobs: readonly B[]): B[][] {
  const chunks: B[][] = []
  let bytes = 0
  for (const blob of blobs) {
    const last = chunks.at(-1)
    if (last && last.length < CHUNK_FILES && bytes + blob.size <= CHUNK_BYTES) {
      last.push(blob)
      bytes += blob.size
    } else {
      chunks.push([blob])
      bytes = blob.size
    }
  }
  return chunks
}

interface Command {
  program: string
  args: readonly string[]
}

interface Pipe extends Command {
  /** What the first of the two reads. */
  input: string
}

interface Ended {
  code: number | null
  stdout: string
  stderr: string
}

/** Runs a command; with another before it, as `from | command`. The first that failed tells why. */
function pipe(command: Command, from?: Pipe): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(command.program, command.args, { stdio: ['pipe', 'pipe', 'pipe'] })
    const before = from && spawn(from.program, from.args, { stdio: ['pipe', 'pipe', 'pipe'] })
    let [stdout, stderr] = ['', '']
    child.stdout.on('data', (chunk) => {
      stdout += chunk
    })
    for (const each of [before, child])
      each?.stderr.on('data', (chunk) => {
        stderr += chunk
      })
    child.on('error', reject)
    before?.on('error', reject)
    // Whoever ends early leaves a broken pipe; how it ended says more.
    child.stdin.on('error', () => {})
    before?.stdin.on('error', () => {})
    if (before) {
      before.stdout.pipe(child.stdin)
      before.stdin.end(from.input)
    } else child.stdin.end()
    const first = before && new Promise<number | null>((ended) => before.on('close', ended))
    child.on('close', async (code) => resolve({ code: (await first) || code, stdout, stderr }))
  })
}
