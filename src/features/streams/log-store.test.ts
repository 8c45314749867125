import { expect, it } from 'vitest'
import { onEveryDatabase } from '#platform/testing'
import { featureMigrations } from '../migrations.ts'
import {
  countLogged,
  insertLogged,
  insertRejected,
  type LoggedRow,
  loggedRows,
  raiseFloor,
  rejectedMessages,
  takeOut,
} from './log-store.ts'

const row = (origin: string, seq: number): LoggedRow => ({
  ...{ origin, seq, eventTime: seq * 1_000, created: null },
  ...{ keys: { customer: String(seq) }, cells: { pages: seq, device: null } },
})

onEveryDatabase('the log of a stream', featureMigrations, (storage) => {
  it('keeps each message once, in the order of its stream, and forgets those that were read and no others', async () => {
    const of = { project: 'shop', view: 'clicks' }
    const write = (rows: LoggedRow[]) => storage().write((tx) => insertLogged(tx, of, rows))
    const all = Array.from({ length: 1_203 }, (_, i) => row('A', i + 1))
    await write(all.toReversed())
    await write([row('B', 1), row('A', 7)])
    await storage().write((tx) => insertLogged(tx, { ...of, view: 'other' }, [row('A', 1)]))
    expect(await countLogged(storage(), of)).toBe(1_204)
    const read: LoggedRow[] = []
    for (;;) {
      const page = await loggedRows(storage(), of, { after: read.at(-1), limit: 500 })
      if (page.length === 0) break
      read.push(...page)
    }
    expect(read).toEqual([...all, row('B', 1)])
    // One that was sent again comes late, with a number among those that were read.
    await storage().write((tx) =>
      takeOut(
        tx,
        of,
        read.filter(({ seq }) => seq !== 5),
      ),
    )
    expect(await loggedRows(storage(), of, { after: undefined, limit: 10 })).toEqual([row('A', 5)])
    expect(await countLogged(storage(), { ...of, view: 'other' })).toBe(1)
  })

  it('knows a message that comes again when its row is in the table of the view already', async () => {
    const of = { project: 'shop', view: 'again' }
    const write = (rows: LoggedRow[]) => storage().write((tx) => insertLogged(tx, of, rows))
    const left = async () => (await loggedRows(storage(), of, { after: undefined, limit: 100 })).map(({ seq }) => seq)
    const all = Array.from({ length: 10 }, (_, i) => row('A', i + 1))
    await write(all)
    await storage().write((tx) => raiseFloor(tx, of, { origin: 'A', seq: 4 }))
    await storage().write((tx) => takeOut(tx, of, all.slice(0, 8)))
    await write(all)
    expect(await left()).toEqual([9, 10])
    // It never goes down, and says nothing of another stream.
    await storage().write((tx) => raiseFloor(tx, of, { origin: 'A', seq: 10 }))
    await storage().write((tx) => raiseFloor(tx, of, { origin: 'A', seq: 2 }))
    await storage().write((tx) => takeOut(tx, of, all.slice(8)))
    await write([...all, row('B', 3)])
    expect(await loggedRows(storage(), of, { after: undefined, limit: 100 })).toEqual([row('B', 3)])
    expect(await countLogged(storage(), of)).toBe(1)
  })

  it('keeps the last thousand messages that were no rows', async () => {
    const of = { project: 'shop', view: 'bad' }
    for (let from = 0; from < 1_500; from += 500) {
      const rejected = Array.from({ length: 500 }, (_, i) => {
        return { origin: 'A', seq: from + i + 1, at: from + i, reason: 'it is no JSON object', body: '[]' }
      })
      await storage().write((tx) => insertRejected(tx, of, rejected))
      await storage().write((tx) => insertRejected(tx, of, rejected.slice(0, 2)))
    }
    const { rejected, messages } = await rejectedMessages(storage(), of, 2)
    expect(rejected).toBe(1_000)
    expect(messages.map(({ seq }) => seq)).toEqual([1_500, 1_499])
  })
})
