import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, it } from 'vitest'
import { openBlobFolder } from '#platform/blobs'
import { openSqlite } from '#platform/storage'
import { openArchive } from './archive/archive.ts'
import { segmentsOf } from './archive/store.ts'
import { openJournaledLog } from './journal/log.ts'
import { servingMigrations } from './migrations.ts'
import { openReads } from './reads.ts'
import { silent, trainPackage } from './serving.fixture.ts'

const KILLS = 6

it(`loses no answered prediction and no taken label over ${KILLS} kills -9`, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'orrery-kill-'))
  const at = (name: string) => join(folder, name)
  const { bytes, signature } = trainPackage(1)
  await writeFile(at('model.onnx'), bytes)
  await writeFile(at('signature.json'), JSON.stringify(signature))
  const before = await openSqlite({ file: at('orrery.db'), durability: 'full' })
  await before.migrate(servingMigrations)
  await before.close()

  const answered = new Set<string>()
  const labelled = new Set<string>()
  let moves = 0
  for (let kill = 0; kill < KILLS; kill++) {
    // Anywhere from the first answer on.
    const killAfter = answered.size + 1 + Math.floor(Math.random() * 300)
    const child = spawn(
      process.execPath,
      [
        join(import.meta.dirname, 'kill.fixture.ts'),
        at('orrery.db'),
        at('model.onnx'),
        at('signature.json'),
        `run${kill}`,
        at('blobs'),
        at('predictions'),
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    )
    const exited = once(child, 'exit')
    for await (const line of createInterface({ input: child.stdout })) {
      const [what, id] = line.split(' ') as ['p' | 't' | 'm', string]
      if (what === 'm') moves++
      else (what === 'p' ? answered : labelled).add(id)
      if (answered.size >= killAfter) child.kill('SIGKILL')
    }
    expect(await exited).toEqual([null, 'SIGKILL'])
  }

  const storage = await openSqlite({ file: at('orrery.db'), durability: 'full' })
  // What the last kill left in files.
  const log = openJournaledLog({
    ...{ folder: at('predictions'), database: storage.otherThread!, log: silent },
    ...{ ruleOf: () => undefined, onLogged: () => {} },
  })
  await log.recovered
  await log.close()
  expect(await readdir(at('predictions'))).toEqual([])
  const reads = openReads(storage, openArchive({ storage, blobs: await openBlobFolder(at('blobs')) }))
  const window = await reads.window('retention', 0, Number.MAX_SAFE_INTEGER)
  const truths = new Map(window.ids.map((id, i) => [id, window.truths[i]]))
  expect([...answered].filter((id) => !truths.has(id))).toEqual([])
  expect([...labelled].filter((id) => truths.get(id) !== 'yes')).toEqual([])
  // Each once, and the totals say what the rows say.
  expect(truths.size).toBe(window.rows)
  expect(await reads.counts('retention')).toMatchObject({
    predictions: window.rows,
    labelled: window.truths.filter((truth) => truth !== null).length,
  })
  expect(answered.size).toBeGreaterThan(KILLS)
  // Some of it lies in files, some in the table, and by its id each is found wherever it is.
  const segments = await segmentsOf(storage, 'retention')
  expect(moves).toBeGreaterThan(0)
  expect(segments.length).toBeGreaterThan(0)
  expect(segments.reduce((sum, { rows }) => sum + rows, 0)).toBeLessThanOrEqual(window.rows)
  for (const id of [...answered].filter((_, i) => i % 50 === 0)) expect((await reads.prediction(id))?.id).toBe(id)
  await storage.close()
  await rm(folder, { recursive: true })
}, 180_000)
