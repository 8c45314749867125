import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { PipelineRun } from '#pipelines/contract'
import { connect, type Server } from '../../src/cli/server.ts'
import { HAS_PYTHON } from '../support/python.ts'
import { type RunningServer, startServer } from '../support/server.ts'

/* A recipe in front of a model that a command of the user's own trained: it sees prepared columns, clients send raw records. */

const SOURCE = fileURLToPath(new URL('../../src/', import.meta.url))
const LOCK = fileURLToPath(new URL('../../examples/churn-python/requirements.lock', import.meta.url))
const PATIENCE = 10 * 60_000

const project = (train: string) => `
project: phones
data:
  customers:
    source: customers.csv
    label: left
    id: customer
    split: { by: random }
    prepare:
      - clean: { columns: [plan], missing: ["?"], replace: { Gold: gold } }
      - derive: { per_month: "charged / max(months, 1)" }
      - impute: { columns: numbers, with: median, flag: true }
      - encode: { columns: [plan], as: one_hot }
      - scale: { columns: [charged, age] }
pipeline:
  train:
    ${train}
gates: []
deploy:
  leaving: {}
`
const PREPARED = [
  ...['months', 'charged', 'age', 'plan=basic', 'plan=gold', 'plan=plus', 'per_month'],
  ...['months_missing', 'charged_missing', 'age_missing', 'per_month_missing'],
]

/** Repeatable noise in [0, 1). */
const noise = (i: number, salt: number) => Math.abs((Math.sin(i * 12.9898 + salt * 78.233) * 43758.5453) % 1)

function customers(rows: number): string {
  const lines = Array.from({ length: rows }, (_, i) => {
    const months = Math.floor(60 * noise(i, 1))
    const charged = (months + 1) * (20 + 60 * noise(i, 2))
    const age = i % 9 === 0 ? '' : Math.round(18 + 60 * noise(i, 3))
    const plan = ['gold', 'Gold', 'basic', '?', 'plus'][Math.floor(5 * noise(i, 4))]
    const left = noise(i, 6) < (charged / (months + 1) > 50 ? 0.8 : 0.15) ? 'yes' : 'no'
    return [`c${i}`, months, charged.toFixed(2), age, plan, left].join()
  })
  return `customer,months,charged,age,plan,left\n${lines.join('\n')}\n`
}

let folder: string
let server: RunningServer
let api: Server
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'orrery-prepared-'))
  await writeFile(join(folder, 'customers.csv'), customers(1_200))
  server = await startServer()
  api = connect(server.url)
})
afterAll(async () => {
  await server?.stop()
  await rm(folder, { recursive: true, force: true })
})

async function run(train: string): Promise<PipelineRun> {
  await api.applyProject({ body: { file: project(train), folder } })
  const { id } = await api.startPipeline({ params: { project: 'phones' }, body: {} })
  const state = () => api.getPipelineRun({ params: { run: id } })
  await expect.poll(async () => (await state()).finishedAt, { timeout: PATIENCE, interval: 200 }).not.toBeNull()
  return state()
}

/** Reads what it is given with this project's own parts, so that no Python is needed. */
const PROGRAM = (change: string) => `
import { readFileSync, writeFileSync } from 'node:fs'
import { readFrame } from '${SOURCE}data/index.ts'
import { exportOnnx, fitModel } from '${SOURCE}trainer/index.ts'
const { env } = process
const signature = JSON.parse(readFileSync(env.ORRERY_SIGNATURE, 'utf8'))
const columns = signature.features.map((one) => one.name)
const label = { column: 'left', task: 'binary', classes: signature.classes }
const read = (path, more = []) => readFrame(path, { columns: [...columns, ...more], label })
const { frame, target } = await read(env.ORRERY_DATA_TRAIN)
writeFileSync('seen.json', JSON.stringify({
  signature, rows: frame.rows, missing: frame.columns.filter((one) => one.values.some(Number.isNaN)).map((one) => one.name),
  aside: (await read(env.ORRERY_DATA, ['customer'])).frame.columns.length,
}))
const learned = { ...frame, columns: frame.columns${change} }
const model = fitModel({ task: 'binary', classes: signature.classes }, { learner: 'boosted_trees', trees: 40 }, { frame: learned, target })
writeFileSync(env.ORRERY_MODEL, exportOnnx(model))
`

it(
  'trains on prepared rows, is served raw ones, and says the same of them',
  async () => {
    await writeFile(join(folder, 'train.mjs'), PROGRAM(''))
    const done = await run('run: node train.mjs')
    expect(done.error).toBeNull()
    const seen = JSON.parse(await readFile(join(folder, 'seen.json'), 'utf8'))
    expect(seen.signature.features.map((one: { name: string }) => one.name).toSorted()).toEqual(PREPARED.toSorted())
    // What is no feature stays: who it was, to look it up.
    expect(seen).toMatchObject({ missing: [], aside: PREPARED.length + 1 })

    const version = await api.getVersion({ params: { model: 'leaving', version: 1 } })
    expect(version.signature!.features.map((one) => one.name)).toEqual(['months', 'charged', 'age', 'plan'])
    expect(version.package!.parity).toMatchObject({ rows: version.report!.n, maxAbsDifference: 0 })
    const { preparation } = await api.getPreparation({ params: { run: done.id } })
    expect(preparation!.columns.toSorted()).toEqual(PREPARED.toSorted())

    const ready = async () => (await api.servingStatus({ params: { endpoint: 'leaving' } })).ready
    await expect.poll(ready, { timeout: PATIENCE, interval: 100 }).toBe(true)
    const record = { months: 3, charged: 200, age: 40, plan: 'gold' }
    const { predictions } = await api.predict({
      params: { endpoint: 'leaving' },
      body: { records: [record, { ...record, plan: 'Gold' }, { ...record, charged: 70 }, { ...record, age: null }] },
    })
    const [plain, capital, cheap, unknown] = predictions.map((one) => one.value)
    expect(capital).toBe(plain)
    expect(cheap).toBeLessThan(plain!)
    expect(unknown).toBeTypeOf('number')
  },
  PATIENCE,
)

it(
  'refuses a model that does not take what the recipe leaves, and says what that is',
  async () => {
    await writeFile(join(folder, 'train.mjs'), PROGRAM('.slice(1)'))
    const { error } = await run('run: node train.mjs')
    expect(error).toMatchObject({
      code: 'ORRERY_PIPELINES_MODEL_INPUTS_UNFIT',
      message: expect.stringMatching(
        /model of "node train.mjs".*it has no input for "months"\. The columns are .*"plan=gold"/s,
      ),
    })
  },
  PATIENCE,
)

const SKLEARN = `
import json, os
from pathlib import Path
import pandas as pd
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType
from sklearn.linear_model import LogisticRegression

signature = json.loads(Path(os.environ["ORRERY_SIGNATURE"]).read_text())
columns = [feature["name"] for feature in signature["features"]]
table = pd.read_parquet(os.environ["ORRERY_DATA_TRAIN"])
model = LogisticRegression(max_iter=1000).fit(table[columns].astype("float32").to_numpy(), table["left"])
assert list(model.classes_) == signature["classes"]
exported = to_onnx(model, initial_types=[("X", FloatTensorType([None, len(columns)]))], options={"zipmap": False})
Path(os.environ["ORRERY_MODEL"]).write_bytes(exported.SerializeToString())
`

describe.skipIf(!HAS_PYTHON)('scikit-learn (needs python3, 3.11 or later)', () => {
  it(
    'leaves a model with one input for all numbers: they stand side by side in it, in the order of the signature',
    async () => {
      await copyFile(LOCK, join(folder, 'requirements.lock'))
      await writeFile(join(folder, 'train.py'), SKLEARN)
      const done = await run('{ run: python train.py, environment: { python: requirements.lock } }')
      expect(done.error).toBeNull()
      const { versions } = await api.listVersions({ params: { model: 'leaving' } })
      const version = versions.find((one) => one.environment?.trainer === 'python train.py')!
      expect(version.signature!.features.map((one) => one.name)).toEqual(['months', 'charged', 'age', 'plan'])
      expect(version.package!.parity.rows).toBeGreaterThan(90)
      expect(version.package!.parity.maxAbsDifference).toBeLessThan(1e-6)
      expect(version.metrics.roc_auc!.value).toBeGreaterThan(0.7)
    },
    PATIENCE,
  )
})
