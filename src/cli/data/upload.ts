import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import pc from 'picocolors'
import type { Upload } from '#data/contract'
import { ClientError } from '#platform/http/contract'
import { WrongUse } from '../errors.ts'
import { ANSWER_IS_NO, DONE } from '../exit.ts'
import { BAD, GOOD, printJson } from '../output.ts'
import { readProjectFolder } from '../project-folder.ts'
import { type ServerOptions, serverFrom } from '../server.ts'

interface Options extends ServerOptions {
  project?: string
  wait: boolean
}

const LOOK_EVERY_MS = 300

/** Sends a table to a data set whose source is `upload://`, and waits until it is a version, or is told why it is none. */
export async function upload(dataset: string, file: string, options: Options): Promise<number> {
  const project = options.project ?? (await readProjectFolder('orrery.yaml')).spec.project
  const { server, url } = serverFrom(options)
  const sent = await send(url, { project, dataset }, file)
  const say = (line: string) => options.json || process.stderr.write(`${line}\n`)
  say(`${sent.name}: ${sent.bytes.toLocaleString('en-US')} bytes are safe, sha256 ${sent.sha256.slice(0, 12)}…`)
  const told = options.wait ? await settled() : sent
  if (options.json) printJson(told)
  else if (told.error) console.log(`${BAD} ${told.error.message}\n  ${pc.dim(told.error.hint)}`)
  else if (told.version) console.log(`${GOOD} ${pc.bold(dataset)}  version ${told.version}`)
  else console.log(`${GOOD} ${pc.bold(dataset)}  ${told.state}`)
  return told.error ? ANSWER_IS_NO : DONE

  async function settled(): Promise<Upload> {
    let progress: string | null = null
    for (;;) {
      const { uploads } = await server.listUploads({ params: { project, dataset }, query: { limit: 100 } })
      const found = uploads.find((one) => one.id === sent.id)
      if (!found || !['queued', 'running'].includes(found.state)) return found ?? sent
      if (found.progress !== null && found.progress !== progress) say(pc.dim(`  ${found.progress}`))
      progress = found.progress
      await sleep(LOOK_EVERY_MS)
    }
  }
}

/** The bytes as they are on the disk: memory does not grow with them. */
async function send(url: string, of: { project: string; dataset: string }, file: string): Promise<Upload> {
  const found = await stat(file).catch(() => undefined)
  if (!found?.isFile())
    throw new WrongUse(`There is no file ${file}.`, 'Name a table: CSV, JSON lines, Parquet, Arrow or Excel.')
  const [project, dataset] = [encodeURIComponent(of.project), encodeURIComponent(of.dataset)]
  const token = process.env.ORRERY_TOKEN
  const place = `${url}/api/projects/${project}/sources/${dataset}/uploads?name=${encodeURIComponent(basename(file))}`
  const answer = await fetch(place, {
    ...{ method: 'POST', duplex: 'half', body: Readable.toWeb(createReadStream(file)) },
    headers: {
      ...{ 'content-type': 'application/octet-stream', 'content-length': String(found.size) },
      ...(token && { authorization: `Bearer ${token}` }),
    },
  } as RequestInit).catch((error: Error) => {
    throw new ClientError({
      code: 'ORRERY_UNREACHABLE',
      status: 0,
      message: `The Orrery server at ${url} took no file (${(error.cause as Error | undefined)?.message ?? error.message}).`,
      hint: 'Start it with `orrery up`, or name another with --server.',
    })
  })
  const told = (await answer.json()) as Upload & { error: ConstructorParameters<typeof ClientError>[0] }
  if (!answer.ok) throw new ClientError({ ...told.error, status: answer.status })
  return told
}
