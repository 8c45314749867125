/**
 * What a logged prediction costs: CPU of the whole process per record, all threads, from the record as the gateway has it to its
 * row in the table. Requests of one record from 64 and 8 connections, and requests of 1,000 records. Durable before `append` resolves. By way
 * of the journal, as a server does that has its database to itself, and written into the table at once, as several servers on one
 * PostgreSQL do.
 *
 *     node bench/serving/log.ts [records per cell, default 200000] [rounds, default 3] [durability, default full]
 */
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pino } from 'pino'
import { encodeJson, openSqlite } from '#platform/storage'
import { servingMigrations } from '#serving'
import { openJournaledLog } from '../../src/serving/journal/log.ts'
import { openPredictionLog } from '../../src/serving/log.ts'
import { createPredictionIds } from '../../src/serving/prediction-id.ts'
import { FEATURES } from './model.ts'

const records = Number(process.argv[2] ?? 200_000)
const rounds = Number(process.argv[3] ?? 3)
const durability = process.argv[4] === 'process' ? 'process' : 'full'
const CELLS = [
  { connections: 64, rows: 1 },
  { connections: 8, rows: 1 },
  { connections: 4, rows: 1_000 },
]

const folder = await mkdtemp(join(tmpdir(), 'orrery-bench-log-'))
console.log('way      connections  rows  CPU µs/record  of it JSON  records/s  bytes/record')
for (let round = 0; round < rounds; round++)
  for (const [c, cell] of CELLS.entries())
    for (const way of ['journal', 'table'] as const) {
      const { cpu, json, perSecond, bytes } = await measure(join(folder, `${round}-${c}-${way}.db`), way, cell)
      console.log(
        [
          way.padEnd(8),
          String(cell.connections).padStart(11),
          String(cell.rows).padStart(5),
          cpu.toFixed(2).padStart(14),
          json.toFixed(2).padStart(11),
          perSecond.toFixed(0).padStart(10),
          bytes.toFixed(0).padStart(13),
        ].join(' '),
      )
    }
await rm(folder, { recursive: true, force: true })

async function measure(
  file: string,
  way: 'journal' | 'table',
  { connections, rows }: { connections: number; rows: number },
) {
  const storage = await openSqlite({ file, durability })
  await storage.migrate(servingMigrations)
  const newId = createPredictionIds()
  const inputs = Object.fromEntries(FEATURES.map((name, f) => [name, (f + 1) / 21]))
  const entry = () => ({
    id: newId(),
    endpoint: 'bench',
    project: 'bench',
    model: 'bench',
    version: 1,
    route: 'stable' as const,
    eventTime: Date.now(),
    receivedAt: Date.now(),
    latencyUs: 300,
    inputs: encodeJson(inputs),
    value: 0.5,
    label: 'yes',
    probabilities: null,
    scores: '{"1":0.5123456789}',
    weights: '{"1":1}',
  })
  const needs = { log: pino({ level: 'error' }), onLogged: () => {} }
  const log =
    way === 'table'
      ? openPredictionLog({ ...needs, storage, refuseLabel: () => undefined })
      : openJournaledLog({
          ...{ ...needs, folder: `${file}.predictions`, database: storage.otherThread!, ruleOf: () => undefined },
        })
  // Its thread is up.
  await log.append([entry()])
  await log.settle()
  let left = records
  const connection = async () => {
    while (left > 0) {
      left -= rows
      await log.append(Array.from({ length: rows }, entry))
      // What is more than the machine can move would be dropped.
      while (log.pending() > 10_000) await sleep(2)
    }
  }
  const before = process.cpuUsage()
  const started = performance.now()
  await Promise.all(Array.from({ length: connections }, connection))
  await log.close()
  const seconds = (performance.now() - started) / 1000
  const { user, system } = process.cpuUsage(before)
  if (log.dropped('bench') > 0) throw new Error(`${log.dropped('bench')} records were dropped`)
  await storage.close()
  const jsonBefore = process.cpuUsage()
  for (let r = 0; r < records; r++) entry()
  const json = process.cpuUsage(jsonBefore)
  return {
    cpu: (user + system) / records,
    json: (json.user + json.system) / records,
    perSecond: records / seconds,
    bytes: (await stat(file)).size / records,
  }
}
