import { execFileSync } from 'node:child_process'
import { appendFileSync, mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Durability, openSqlite, type Storage } from '#platform/storage'
import type { PredictionLog, PredictionLogLimits } from '../log.ts'
import { servingMigrations } from '../migrations.ts'
import { openReads } from '../reads.ts'
import { silent } from '../serving.fixture.ts'
import type { NewPrediction } from '../store.ts'
import type { LogHint } from '../write-predictions.ts'
import { encodeBlock } from './block.ts'
import { createLineWriter } from './line.ts'
import { openJournaledLog } from './log.ts'

const prediction = (id: string): NewPrediction => ({
  ...{ id, endpoint: 'retention', project: 'telecom', model: 'churn', version: 1, route: 'stable' },
  ...{ eventTime: 1, receivedAt: 1, latencyUs: 1, inputs: '{"plan":"a\\tb"}', value: 0.5, label: 'yes' },
  ...{ probabilities: null, scores: '{"1":0.5}', weights: '{"1":1}' },
})
const some = (from: number, count: number) => Array.from({ length: count }, (_, i) => prediction(`p${from + i}`))
const PATIENT: PredictionLogLimits = { longestWaitMs: 30_000, mostWaiting: 100_000 }

describe.each<Durability>(['full', 'process'])('a journaled log, durability %s', (durability) => {
  let folder: string
  let storage: Storage
  let log: PredictionLog
  let hints: LogHint[]
  const files = () => readdirSync(join(folder, 'predictions'))

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'orrery-journal-'))
    storage = await openSqlite({ file: join(folder, 'test.db'), durability })
    await storage.migrate(servingMigrations)
    hints = []
  })
  afterEach(async () => {
    await log?.close()
    await storage.close()
    await rm(folder, { recursive: true })
  })

  function open({ limits = PATIENT, turn = storage.otherThread!.turn, at = join(folder, 'predictions') } = {}) {
    log = openJournaledLog({
      ...{ folder: at, database: { ...storage.otherThread!, turn }, log: silent, limits },
      ...{ ruleOf: () => undefined, onLogged: (hint) => hints.push(hint) },
    })
    return log
  }
  const inTable = async () => (await openReads(storage).counts('retention')).predictions
  const settled = async () => {
    await log.settle()
    return inTable()
  }
  /** A database that another holds. */
  const held = () => Promise.reject(new Error('database is locked'))

  it('has in its file what was answered, and in the table what is read', async () => {
    open({ turn: held })
    await log.append(some(0, 3))
    expect(readFileSync(join(folder, 'predictions', files()[0]!), 'utf8')).toContain('"p2"')
    expect(await settled()).toBe(0)
    expect(await log.waiting(['p1', 'nobody'])).toEqual([prediction('p1')])
    expect(log.pending()).toBe(3)
    await log.close()

    // The next process finds it there, once.
    open()
    await log.recovered
    expect(await inTable()).toBe(3)
    expect(files()).toEqual([])
    const [p0] = await openReads(storage).list('retention', { limit: 1 })
    expect(p0).toMatchObject({ id: 'p2', inputs: { plan: 'a\tb' }, value: 0.5, label: 'yes' })
  })

  it('moves what is read by somebody at once, and what is not soon', async () => {
    open()
    await Promise.all(Array.from({ length: 300 }, (_, i) => log.append(some(i, 1))))
    expect(await settled()).toBe(300)
    expect(log.pending()).toBe(0)
    expect(hints.reduce((sum, { predictions }) => sum + predictions, 0)).toBe(300)
    await log.append(some(300, 5))
    while (log.pending() > 0) await sleep(20)
    expect(await inTable()).toBe(305)
  })

  it('writes what is answered in one turn of the loop at once', async () => {
    open({ turn: held })
    await Promise.all(Array.from({ length: 200 }, (_, i) => log.append(some(i, 1))))
    const bytes = readFileSync(join(folder, 'predictions', files()[0]!), 'latin1')
    expect(bytes.split('ORJ1').length - 1).toBe(1)
  })

  it('moves a large request in pieces', async () => {
    open()
    await log.append(some(0, 10_000))
    expect(await settled()).toBe(10_000)
  })

  it('goes on where a move was broken off, and moves nothing twice', async () => {
    const left = createLineWriter()
    const block = (from: number, count: number) => encodeBlock(some(from, count).map(left).join(''))
    mkdirSync(join(folder, 'predictions'))
    const file = join(folder, 'predictions', '01J0000000000000000000000A.journal')
    writeFileSync(file, Buffer.concat([block(0, 1_500), block(1_500, 900), block(2_400, 700)]))
    // The process ended after its first transaction.
    let turns = 0
    open({
      turn: async (work) => {
        if (turns++ > 0) throw new Error('database is locked')
        return work()
      },
    })
    await log.recovered
    await log.close()
    expect(await inTable()).toBe(2_400)
    expect(files()).toHaveLength(1)
    open()
    await log.recovered
    expect(await inTable()).toBe(3_100)
    expect(files()).toEqual([])
  })

  it('passes over the end of a file that was not written to its end', async () => {
    open({ turn: held })
    await log.append(some(0, 4))
    await log.append(some(4, 4))
    await log.close()
    const [file] = files().map((name) => join(folder, 'predictions', name))
    truncateSync(file!, readFileSync(file!).length - 7)
    open()
    await log.recovered
    expect(await inTable()).toBe(4)
    expect(files()).toEqual([])
    await log.append(some(8, 2))
    expect(await settled()).toBe(6)
  })

  it('keeps a file of an earlier start that is damaged before its end, and what stands before the damage', async () => {
    open({ turn: held })
    for (const from of [0, 4, 8]) await log.append(some(from, 4))
    await log.close()
    const [file] = files().map((name) => join(folder, 'predictions', name))
    const bytes = readFileSync(file!)
    bytes[bytes.lastIndexOf('ORJ1') - 9]! ^= 1
    writeFileSync(file!, bytes)
    open()
    await log.recovered
    expect(await inTable()).toBe(4)
    expect(files().map((name) => name.endsWith('.damaged'))).toEqual([true])
  })

  it('keeps a file that somebody else wrote into, and goes on in another', async () => {
    open({ turn: storage.otherThread!.turn })
    await log.append(some(0, 4))
    expect(await settled()).toBe(4)
    appendFileSync(join(folder, 'predictions', files()[0]!), 'not a block')
    await log.append(some(4, 4))
    await log.settle()
    await log.append(some(8, 4))
    expect(await settled()).toBe(8)
    expect(files().filter((name) => name.endsWith('.damaged'))).toHaveLength(1)
  })

  it('drops and counts what does not fit its queue, and fails nothing', async () => {
    open({ turn: held, limits: { longestWaitMs: 60, mostWaiting: 100 } })
    await log.append(some(0, 90))
    await log.append(some(90, 20))
    expect(log.dropped('retention')).toBe(20)
    expect(log.pending()).toBe(90)
  })

  it('takes nothing after its close, and counts that as dropped', async () => {
    open()
    await log.close()
    await log.append(some(0, 2))
    expect(log.dropped('retention')).toBe(2)
    expect(await inTable()).toBe(0)
  })

  it('starts its thread again when that ended', async () => {
    let broken = true
    const { turn } = storage.otherThread!
    open({
      turn: async (work) => {
        if (broken) throw new Error('the thread ended')
        return turn(work)
      },
    })
    await log.append(some(0, 2))
    expect(await settled()).toBe(0)
    broken = false
    while (log.pending() > 0) await sleep(20)
    expect(await inTable()).toBe(2)
  })

  const mayMount = process.platform === 'linux' && process.geteuid?.() === 0
  it.skipIf(!mayMount)(
    'answers over a full disk, drops and counts what it did not take, and goes on',
    async (context) => {
      const disk = join(folder, 'disk')
      mkdirSync(disk)
      try {
        execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', disk], { stdio: 'ignore' })
      } catch {
        return context.skip('this user cannot mount a small disk')
      }
      try {
        open({ at: join(disk, 'predictions'), limits: { longestWaitMs: 60, mostWaiting: 100_000 } })
        await log.append(some(0, 100))
        expect(await settled()).toBe(100)
        const started = performance.now()
        await log.append(some(100, 900))
        expect(performance.now() - started).toBeLessThan(1_000)
        // Behind: the next need not wait.
        const behind = performance.now()
        await log.append(some(1_000, 50))
        expect(performance.now() - behind).toBeLessThan(50)
        expect(await log.waiting(['p1000'])).toEqual([prediction('p1000')])
        // Room again before it gives up: nothing is lost.
        execFileSync('mount', ['-o', 'remount,size=10m', disk])
        while (log.pending() > 0) {
          await log.settle()
          await sleep(20)
        }
        expect(await inTable()).toBe(1_050)
        execFileSync('mount', ['-o', 'remount,size=300k', disk])
        for (let i = 0; i < 4; i++) await log.append(some(2_000 + 1_000 * i, 1_000))
        while (log.dropped('retention') === 0) await sleep(50)
        await log.settle()
        expect(log.pending()).toBe(0)
        expect((await inTable()) + log.dropped('retention')).toBe(5_050)
        await log.close()
      } finally {
        execFileSync('umount', [disk])
      }
    },
  )
})
