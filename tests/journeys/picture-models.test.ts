import { execFile, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, rm, unlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { withDuck } from '#data'
import { readPicture } from '#pictures'
import { leftBrightness } from '../../src/serving/pictures.fixture.ts'
import { orrery } from '../cli/orrery.ts'
import { drawn, writeGatekeeper } from '../support/gatekeeper.ts'
import { HAS_PYTHON, HAS_UV } from '../support/python.ts'
import { type RunningServer, startServer } from '../support/server.ts'

/*
 * A model of pictures used in all three ways: as a service, ahead of time, and as a dependency of programs in Node.js, Python and an
 * image. One picture, one answer, whoever decodes it.
 */

const run = promisify(execFile)
const PATIENCE = 5 * 60_000
const { image } = leftBrightness.signature

/** Files as they come: small and large, turned, grey, in print colours, of 16 bits, see-through, with a profile. */
async function odd(): Promise<Record<string, Buffer>> {
  const files: Record<string, Buffer> = {
    'large.jpg': await drawn(1, 640, 480, 120).jpeg({ quality: 85 }).toBuffer(),
    'tiny.png': await drawn(2, 9, 7, 120).png().toBuffer(),
    'exact.png': await drawn(3, 32, 32, 120).png().toBuffer(),
    'grey.jpg': await drawn(4, 200, 133, 90).greyscale().jpeg().toBuffer(),
    'print.jpg': await drawn(5, 300, 210, 150).toColourspace('cmyk').jpeg().toBuffer(),
    'deep.png': await drawn(6, 70, 90, 130).toColourspace('rgb16').png().toBuffer(),
    'profile.jpg': await drawn(7, 311, 97, 130).withIccProfile('p3').jpeg().toBuffer(),
    'seethrough.png': await drawn(8, 111, 64, 60).ensureAlpha(0.4).png().toBuffer(),
  }
  for (const orientation of [2, 3, 5, 6, 7, 8])
    files[`turned-${orientation}.jpg`] = await drawn(10 + orientation, 257, 130, 110)
      .withMetadata({ orientation })
      .jpeg()
      .toBuffer()
  return files
}

describe('models of pictures', () => {
  let folder: string
  let server: RunningServer
  let files: Record<string, Buffer>
  /** What the service says of each file. */
  let said: Map<string, number>
  const at = (...names: string[]) => join(folder, ...names)

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'orrery-picture-models-'))
    await writeGatekeeper(at('project'))
    files = await odd()
    for (const [name, bytes] of Object.entries(files)) {
      await mkdir(dirname(at('new', 'deep', name)), { recursive: true })
      await writeFile(at('new', 'deep', name), bytes)
    }
    server = await startServer({ home: at('home') })
    const where = ['--file', at('project', 'orrery.yaml'), '--server', server.url]
    expect(await orrery(['apply', ...where])).toMatchObject({ code: 0 })
    expect(await orrery(['run', ...where], { endAfterMs: PATIENCE })).toMatchObject({ code: 0 })
    said = new Map()
    for (const [name, bytes] of Object.entries(files)) said.set(name, (await ask(bytes)).value)
  }, PATIENCE)
  afterAll(async () => {
    await server?.stop()
    if (folder) await rm(folder, { recursive: true, force: true })
  })

  async function ask(bytes: Buffer): Promise<{ value: number; label: string }> {
    const reply = await fetch(`${server.url}/predict/brightness-gate`, {
      method: 'POST',
      headers: { 'content-type': 'image/jpeg' },
      body: new Uint8Array(bytes),
    })
    const body = (await reply.json()) as { predictions: { value: number; label: string }[] }
    expect(reply.status, JSON.stringify(body)).toBe(200)
    return body.predictions[0]!
  }

  const score = (...args: string[]) =>
    orrery(['score', 'brightness-gate', ...args, '--server', server.url, '--json'], { endAfterMs: PATIENCE })
  const rowsOf = <T>(path: string) =>
    withDuck({ folders: [folder] }, (duck) => duck.rows<T>(`SELECT * FROM read_parquet('${path}')`))

  it('tests a folder as the table that it is trained on', async () => {
    const { code, stdout } = await orrery(['data', 'test', at('project', 'orrery.yaml'), '--json'])
    expect(code).toBe(0)
    expect(JSON.parse(stdout).datasets).toMatchObject([
      {
        ...{ dataset: 'frames', rows: 40, error: null },
        results: [{ rule: 'unique', passed: true }],
      },
    ])
  })

  describe('ahead of time', { timeout: PATIENCE }, () => {
    it('answer a folder as the service does, file by file; what is no picture is set aside with why', async () => {
      await writeFile(at('new', 'broken.jpg'), files['large.jpg']!.subarray(0, 9_000))
      await writeFile(at('new', 'film.png'), 'GIF89a')
      await writeFile(at('new', 'notes.txt'), 'no picture')
      const { code, stdout } = await score(at('new'), '--into', at('new.parquet'), '--part-rows', '5')
      const { outcome, ...batch } = JSON.parse(stdout)
      expect([code, batch.state, batch.error]).toEqual([0, 'succeeded', null])
      expect(outcome).toMatchObject({ rows: 16, scored: 14, setAside: 2, parts: 4 })
      expect(outcome.reasons.map(({ reason }: { reason: string }) => reason).sort()).toEqual([
        expect.stringMatching(/^The picture cannot be decoded: /),
        'This is a GIF, not a JPEG or PNG picture.',
      ])
      const rows = await rowsOf<{ prediction_id: string; file: string; value: number; label: string }>(
        at('new.parquet'),
      )
      expect(rows.map(({ file }) => file)).toEqual(
        Object.keys(files)
          .map((name) => `deep/${name}`)
          .sort(),
      )
      expect(new Set(rows.map(({ prediction_id }) => prediction_id)).size).toBe(14)
      for (const { file, value, label } of rows) {
        expect(value, file).toBe(said.get(file.slice('deep/'.length)))
        expect(label).toBe(value >= 0.5 ? 'bright' : 'dark')
      }
      const aside = await fetch(`${server.url}/api/batches/${batch.id}/aside`)
      await writeFile(at('aside.parquet'), Buffer.from(await aside.arrayBuffer()))
      expect((await rowsOf<{ file: string }>(at('aside.parquet'))).map(({ file }) => file)).toEqual([
        'broken.jpg',
        'film.png',
      ])
    })

    it('answer a data set and a query over it, by the hash of each picture', async () => {
      const gone = at('project', 'frames', 'dark', '3.jpg')
      const bytes = await readFile(gone)
      const other = at('project', 'frames', 'dark', '4.jpg')
      const before = await readFile(other)
      await unlink(gone)
      await writeFile(other, bytes)
      try {
        const into = at('frames.parquet')
        const { stdout } = await score(
          'data:frames',
          '--project',
          'gatekeeper',
          '--into',
          into,
          '--keep',
          'file',
          'light',
        )
        const { outcome } = JSON.parse(stdout)
        expect(outcome).toMatchObject({ rows: 40, scored: 38, setAside: 2 })
        expect(outcome.reasons[0].reason).toMatch(/^The picture dark\/[34]\.jpg is gone, or is another one by now/)
        const rows = await rowsOf<{ file: string; light: string; value: number }>(into)
        for (const { file, value } of rows.slice(0, 3))
          expect(value).toBe((await ask(await readFile(at('project', 'frames', file)))).value)
      } finally {
        await writeFile(gone, bytes)
        await writeFile(other, before)
      }
      const query = "SELECT * FROM frames WHERE light = 'bright'"
      const asked = await score('--query', query, '--project', 'gatekeeper', '--into', at('bright.parquet'))
      expect(JSON.parse(asked.stdout).outcome).toMatchObject({ scored: 20, setAside: 0 })
    })

    it('answer a table that names files below it, and none outside', async () => {
      await writeFile(
        at('list.csv'),
        'camera,file\nnorth,new/deep/large.jpg\nsouth,../outside.jpg\neast,/etc/hostname\n',
      )
      const { stdout } = await score(at('list.csv'), '--into', at('list.parquet'), '--keep', 'camera')
      expect(JSON.parse(stdout).outcome).toMatchObject({ scored: 1, setAside: 2 })
      expect(await rowsOf(at('list.parquet'))).toMatchObject([{ camera: 'north', value: said.get('large.jpg') }])
    })

    it('say what is wrong: a folder without pictures, a table without their names', async () => {
      await mkdir(at('empty'))
      await writeFile(at('table.csv'), 'a,b\n1,2\n')
      const codeOf = async (input: string) => JSON.parse((await score(input, '--into', at('x.parquet'))).stdout).error
      expect(await codeOf(at('empty'))).toMatchObject({
        code: 'ORRERY_BATCH_INPUT_INVALID',
        message: expect.stringContaining('has no pictures'),
      })
      expect(await codeOf(at('table.csv'))).toMatchObject({ code: 'ORRERY_BATCH_COLUMNS_MISSING' })
    })
  })

  describe('as a dependency', () => {
    const exported = (as: string, args: string[], cwd = folder) =>
      orrery(['export', 'brightness-gate@1', '--as', as, '--server', server.url, ...args], { cwd })

    it(
      'answer from an npm package with the bits of the server, and refuse with its words',
      async () => {
        const app = at('app')
        await mkdir(app)
        expect(await exported('npm', [], app)).toMatchObject({ code: 0 })
        await writeFile(join(app, 'package.json'), '{"type":"module","private":true}')
        await npmInstall(app, './brightness-gate-1.0.0.tgz')
        await writeFile(join(app, 'ask.js'), NODE_PROGRAM)
        const { stdout } = await run(process.execPath, ['ask.js', at('new', 'deep')], { cwd: app })
        const { answers, refusals, base64 } = JSON.parse(stdout)
        expect(answers).toEqual(Object.fromEntries(said))
        expect(base64).toBe(said.get('large.jpg'))
        expect(refusals).toEqual(await serverRefusals())
      },
      PATIENCE,
    )

    it.skipIf(!HAS_PYTHON || !HAS_UV)(
      'answer from a Python package, too (needs python3, 3.11 or later, and uv)',
      async () => {
        expect(await exported('python', [])).toMatchObject({ code: 0 })
        const python = at('venv')
        await run('uv', ['venv', '--quiet', python])
        const install = ['pip', 'install', '--quiet', '--python', join(python, 'bin/python')]
        await run('uv', [...install, at('brightness_gate-1.0.0.tar.gz')])
        await writeFile(at('ask.py'), PYTHON_PROGRAM)
        const { stdout } = await run(join(python, 'bin/python'), [at('ask.py'), at('new', 'deep')])
        const { answers, refusals, pixels } = JSON.parse(stdout)
        for (const fit of ['fill', 'cover', 'contain'] as const)
          for (const [name, bytes] of Object.entries(files)) {
            const { data } = (await readPicture(bytes, { ...image!, fit })).pixels
            expect(pixels[fit][name], `${fit} ${name}`).toBe(createHash('sha256').update(data).digest('hex'))
          }
        expect(answers).toEqual(Object.fromEntries(said))
        const ours = await serverRefusals()
        expect(refusals.slice(0, 3)).toEqual(ours.slice(0, 3))
        // What the decoder itself says of a broken file, it says in its own words.
        expect(refusals[3].code).toBe(ours[3]!.code)
      },
      PATIENCE,
    )

    it(
      'answer as an image would: JPEG bodies and JSON',
      async () => {
        const context = at('image')
        expect(await exported('oci', ['--out', context])).toMatchObject({ code: 0 })
        await npmInstall(context)
        const child = spawn(process.execPath, ['server.js'], {
          cwd: context,
          env: { PORT: '0', HOST: '127.0.0.1' },
          stdio: ['ignore', 'pipe', 'inherit'],
        })
        try {
          const [line] = (await Promise.race([
            once(createInterface({ input: child.stdout }), 'line'),
            once(child, 'exit').then(() => ['it ended']),
          ])) as [string]
          expect(line).toContain('answers at')
          const url = /http:\S+\/predict/.exec(line)![0]
          const bytes = files['large.jpg']!
          const send = async (body: string | Uint8Array<ArrayBuffer>, type: string) => {
            const reply = await fetch(url, { method: 'POST', body, headers: { 'content-type': type } })
            const read = (await reply.json()) as { predictions?: { value: number }[]; error?: { code: string } }
            return [reply.status, read.error?.code ?? read.predictions![0]!.value]
          }
          expect(await send(new Uint8Array(bytes), 'image/jpeg')).toEqual([200, said.get('large.jpg')])
          const records = JSON.stringify({ records: [{ picture: bytes.toString('base64') }] })
          expect(await send(records, 'application/json')).toEqual([200, said.get('large.jpg')])
          expect(await send('GIF89a', 'image/png')).toEqual([415, 'ORRERY_PICTURES_KIND_REFUSED'])
          expect(await send('{}', 'application/json')).toEqual([400, 'BODY_INVALID'])
        } finally {
          if (child.exitCode === null && child.kill('SIGTERM')) await once(child, 'exit')
        }
        const card = await readFile(join(context, 'MODEL_CARD.md'), 'utf8')
        expect(card).toContain('it sees 32 × 32 pixels of them, stretched to that shape.')
        expect(await readdir(context)).not.toContain('web.js')
      },
      PATIENCE,
    )

    /** Four wrong requests, as the service refuses them. */
    async function serverRefusals() {
      const wrong = [
        { type: 'image/png', body: 'GIF89a' },
        { type: 'image/png', body: '' },
        { type: 'application/json', body: JSON.stringify({ records: [{ picture: 'no base64!' }] }) },
        { type: 'image/jpeg', body: new Uint8Array(files['large.jpg']!.subarray(0, 9_000)) },
      ]
      const refusals: { code: string; message: string; hint: string }[] = []
      for (const { type, body } of wrong) {
        const reply = await fetch(`${server.url}/predict/brightness-gate`, {
          method: 'POST',
          headers: { 'content-type': type },
          body,
        })
        const { error } = (await reply.json()) as { error: { code: string; message: string; hint: string } }
        refusals.push({ code: error.code, message: error.message, hint: error.hint })
      }
      return refusals
    }
  })
})

/** Without scripts: those of the runtime would fetch libraries for a GPU. */
const npmInstall = (cwd: string, ...what: string[]) =>
  run('npm', ['install', '--ignore-scripts', '--omit=peer', '--no-audit', '--no-fund', '--loglevel=error', ...what], {
    cwd,
  })

const NODE_PROGRAM = `
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PictureRefused, predict, RecordInvalid } from 'brightness-gate'
const folder = process.argv[2]
const files = readdirSync(folder)
const found = await predict(files.map((file) => readFileSync(join(folder, file))))
const answers = Object.fromEntries(files.map((file, f) => [file, found[f].value]))
const large = readFileSync(join(folder, 'large.jpg'))
const [{ value: base64 }] = await predict([{ picture: large.toString('base64') }])
const refusals = []
for (const wrong of [Buffer.from('GIF89a'), Buffer.alloc(0), { picture: 'no base64!' }, large.subarray(0, 9000)])
  await predict([wrong]).then(
    () => { throw new Error('it was answered') },
    (error) => {
      if (!(error instanceof PictureRefused || error instanceof RecordInvalid)) throw error
      refusals.push({ code: error.code, message: error.message, hint: error.hint })
    },
  )
console.log(JSON.stringify({ answers, refusals, base64 }))
`

const PYTHON_PROGRAM = `
import hashlib, json, sys
from pathlib import Path
from brightness_gate import PictureRefused, RecordInvalid, intake, predict
files = {path.name: path.read_bytes() for path in sorted(Path(sys.argv[1]).iterdir())}
answers = {name: one["value"] for name, one in zip(files, predict(list(files.values())))}
pixels = {}
for fit in ("fill", "cover", "contain"):
    intake._IMAGE["fit"] = fit
    pixels[fit] = {name: hashlib.sha256(intake._pixels(data).tobytes()).hexdigest() for name, data in files.items()}
intake._IMAGE["fit"] = "fill"
refusals = []
for wrong in (b"GIF89a", b"", {"picture": "no base64!"}, files["large.jpg"][:9000]):
    try:
        predict([wrong])
        raise SystemExit("it was answered")
    except (PictureRefused, RecordInvalid) as error:
        refusals.append({"code": error.code, "message": str(error), "hint": error.hint})
print(json.dumps({"answers": answers, "refusals": refusals, "pixels": pixels}))
`
