/**
 * A process to be killed: answers predictions and takes labels without end, and prints an id as soon as its prediction
 * was answered (`p`) or its label taken (`t`), and `m` when rows were moved into a file; meanwhile the log is moved into Parquet files
 * all the time. Arguments: database, package, signature (JSON), prefix of the ids, folder of blobs, folder of the journal.
 */
import { readFileSync, writeSync } from 'node:fs'
import { openBlobFolder } from '#platform/blobs'
import { openSqlite } from '#platform/storage'
import { systemClock } from '#platform/time'
import { alone, silent, testEndpoints } from './serving.fixture.ts'
import { openServing } from './serving.ts'

const [file, packageFile, signatureFile, prefix, folder, journal] = process.argv.slice(2) as [
  string,
  string,
  string,
  string,
  string,
  string,
]
const storage = await openSqlite({ file, durability: 'full' })
const endpoints = testEndpoints({
  1: { bytes: readFileSync(packageFile), signature: JSON.parse(readFileSync(signatureFile, 'utf8')) },
})
endpoints.set('retention', { stable: alone(1) })
const serving = openServing({
  ...{ storage, clock: systemClock, log: silent, endpoints, journal },
  archive: {
    ...{ blobs: await openBlobFolder(folder), work: `${folder}-work` },
    limits: { most: 60, fewest: 10, graceMs: 0 },
  },
})
const record = { tenure: 3, charges: 80, plan: 'monthly' }

async function move() {
  for (;;) {
    if ((await serving.compact('retention', Date.now())) > 0) writeSync(1, 'm -\n')
    else await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

let next = 0
void move()
await Promise.all(
  Array.from({ length: 8 }, async () => {
    for (;;) {
      const id = `${prefix}-${next++}`
      await serving.predict({ endpoint: 'retention', records: [record], ids: [id] })
      writeSync(1, `p ${id}\n`)
      await serving.feedback([{ id, label: 'yes' }])
      writeSync(1, `t ${id}\n`)
    }
  }),
)
