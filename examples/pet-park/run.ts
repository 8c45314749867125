/**
 * The pet park from pictures to a camera at its gate, in one command:
 *
 *     node examples/pet-park/run.ts --data <folder with a folder per label>
 *     node examples/pet-park/run.ts --quick      # drawn pictures, one short fit: under a minute
 *
 * Starts a server of its own, searches for a recipe, trains, judges, tries the version at the park's test machine, signs as the QA
 * expert would, serves, sends frames in the daylight and at dusk, and says what came out. `--keep` leaves the server running to
 * look at.
 */
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { EvaluationReport } from '#evaluation/contract'
import { watch } from '../../src/cli/camera/camera.ts'
import { connect, type Server } from '../../src/cli/server.ts'
import { startServerProcess } from '../../src/cli/server-process.ts'
import { drawPets } from './draw-pets.ts'

const HERE = fileURLToPath(new URL('.', import.meta.url))
const PROJECT = 'pet-park'
const ENDPOINT = 'pet-gate'
/** Where a version answers before anybody signs for it: the endpoint in the environment `park-test`. */
const TEST_MACHINE = `${ENDPOINT}-park-test`

export interface Options {
  /** A folder of pictures; drawn ones when absent. */
  data?: string | undefined
  /** A short fit on few pictures, and gates that such a one passes. */
  quick?: boolean | undefined
  home?: string | undefined
  keep?: boolean | undefined
  frames?: number | undefined
  /** Arguments of train.py; a search of three trials unless told, without pictures of one's own none. */
  training?: string | undefined
}

export interface Outcome {
  version: number
  accuracy: number
  state: string
  /** Test pictures by truth and answer. */
  confusion: number[][]
  /** Share of the camera's frames that were answered as their folder says, by day. */
  seen: number
  /** What had moved when it was dusk, the most first. */
  moved: string[]
}

export async function runPetPark(options: Options, say: (line: string) => void = console.log): Promise<Outcome> {
  const folder = options.home ?? (await mkdtemp(join(tmpdir(), 'pet-park-')))
  const project = await projectIn(join(folder, 'project'), options)
  const server = await startServerProcess({ home: join(folder, 'home') })
  say(`Orrery on ${server.url}, all of it in ${folder}`)
  try {
    const api = connect(server.url)
    await api.applyProject({ body: { file: project.file, folder: join(folder, 'project') } })
    const { id } = await api.startPipeline({ params: { project: PROJECT }, body: { reason: 'the park opens' } })
    await pipelineEnds(api, id, say)
    const { version, accuracy, state, confusion } = await certified(
      api,
      { url: server.url, pictures: project.pictures },
      say,
    )
    const frames = options.frames ?? 60
    say(`the camera: ${frames} frames by day`)
    const seen = await throughTheGate(server.url, project.pictures, { frames, light: 1 })
    say(`the camera: ${frames} frames at dusk`)
    const dusk = (most: number) => throughTheGate(server.url, project.pictures, { frames: most, light: 0.35 })
    await dusk(frames)
    const moved = await movedFeatures(api, () => dusk(20))
    say(`${(100 * seen).toFixed(1)} % of the day's frames answered as their folder says`)
    say(moved.length > 0 ? `drift: ${moved.join(', ')}` : 'drift: none yet')
    say(`why it said so: ${await explained(server.url, project.pictures)}`)
    if (options.keep) {
      say(`still there: ${server.url}/${PROJECT} (Ctrl-C ends it)`)
      await server.lost
    }
    return { version, accuracy, state, confusion, seen, moved }
  } finally {
    await server.stop()
    if (!options.home && !options.keep) await rm(folder, { recursive: true, force: true })
  }
}

/** A copy of this folder as a project: what runs leave there does not belong into the example. */
async function projectIn(folder: string, { data, quick, training = quick ? '' : '--trials 3' }: Options) {
  await mkdir(folder, { recursive: true })
  for (const name of ['canvas.md', 'train.py', 'network.py', 'augment.py', 'requirements.lock'])
    await cp(join(HERE, name), join(folder, name))
  const pictures = data === undefined ? join(folder, 'pictures') : resolve(data)
  if (data === undefined) await drawPets(pictures, 120)
  const quickly = quick ? ' --epochs 3 --width 8 --batch 32 --trials 1' : ''
  let file = (await readFile(join(HERE, 'orrery.yaml'), 'utf8'))
    .replace('source: pictures', `source: ${JSON.stringify(pictures)}`)
    .replace('run: python train.py', `run: python train.py${quickly} ${training}`.trimEnd())
    // The gate's day in minutes.
    .replace(/every: \w+/, 'every: 5s')
    .replace(/window: \w+/, 'window: 15s')
  if (quick)
    file = file
      .replace(/metrics\.accuracy\.lower95 >= .*/, 'metrics.accuracy.value >= 0.5')
      .replace(/robustness\.flips_under_noise <= .*/, 'robustness.flips_under_noise <= 0.5')
      .replace(/ {2}- (segments|fairness)\..*\n/g, '')
  await writeFile(join(folder, 'orrery.yaml'), file)
  return { file, pictures }
}

async function pipelineEnds(api: Server, id: string, say: (line: string) => void): Promise<void> {
  for (let shown = ''; ; await sleep(500)) {
    const run = await api.getPipelineRun({ params: { run: id } })
    const message = run.progress?.message ?? ''
    if (message && message !== shown) say(`  ${message}`)
    shown = message
    if (run.finishedAt === null) continue
    if (run.error) throw new Error(`${run.error.code}: ${run.error.message}`)
    for (const step of run.steps) say(`${step.name}: ${step.summary}`)
    return
  }
}

/** Waits for the version to pass its release checks at the park's test machine, asks it there, and signs for it. */
async function certified(api: Server, server: { url: string; pictures: string }, say: (line: string) => void) {
  for (;;) {
    const { versions } = await api.listVersions({ params: { model: ENDPOINT }, query: {} })
    const [latest] = versions
    if (latest) {
      const { version, state, report } = await api.getVersion({ params: { model: ENDPOINT, version: latest.version } })
      const accuracy = report?.metrics.accuracy?.value ?? Number.NaN
      const failed = latest.gates.filter((gate) => !gate.passed)
      if (failed.length > 0)
        throw new Error(
          `gates: ${failed.map(({ condition, explanation }) => `${condition}: ${explanation}`).join('; ')}`,
        )
      const { champion } = await api.getEndpoint({ params: { endpoint: ENDPOINT } })
      if (champion === version) {
        say(`${ENDPOINT}@${version} is in production: accuracy ${accuracy.toFixed(4)} on the test pictures`)
        return { version, accuracy, state, confusion: report?.confusion ?? [] }
      }
      const { staging } = (await api.getCertificate({ params: { model: ENDPOINT, version } })).certificate
      if (!latest.certification && staging) {
        if (report) for (const line of reportLines(report)) say(line)
        for (const { explanation } of staging.checks) say(`park-test: ${explanation}`)
        const seen = await throughTheGate(server.url, server.pictures, { frames: 20, light: 1, endpoint: TEST_MACHINE })
        say(
          `park-test: ${(100 * seen).toFixed(0)} % of 20 frames answered as their folder says at /predict/${TEST_MACHINE}`,
        )
        await api.certifyVersion({
          params: { model: ENDPOINT, version },
          body: {
            note: 'accuracy, fairness between light and dark, and consistency under noise, blur and crop were looked at',
          },
        })
        say('signed')
      }
    }
    await sleep(500)
  }
}

/** What the QA expert reads before signing, in short. */
function reportLines({ metrics, confusion, segments, fairness, robustness }: EvaluationReport): string[] {
  const shown = (value: number | null | undefined) => value?.toFixed(3) ?? 'unknown'
  const of = (name: string) => `${name} ${shown(metrics[name]?.value)}`
  return [
    `report: ${['accuracy', 'precision', 'recall', 'roc_auc'].map(of).join(', ')}`,
    `report: cats taken for dogs ${confusion?.[0]?.[1]}, dogs taken for cats ${confusion?.[1]?.[0]}`,
    `report: accuracy of ${(segments?.segments ?? []).map((one) => `${one.segment} ${shown(one.estimate?.value)} (${one.n})`).join(', ')}`,
    ...fairness.map(
      ({ column, differences }) => `report: by ${column}, dogs are found ${shown(differences.equal_opportunity)} apart`,
    ),
    `report: answers that change under ${(robustness?.checks ?? []).map(({ perturbation, flipped }) => `${'change' in perturbation ? perturbation.change : perturbation.kind} ${shown(flipped)}`).join(', ')}`,
  ]
}

/** Frames as `orrery camera` sends them, with the truth; returns the share answered as their folder says. */
async function throughTheGate(
  url: string,
  pictures: string,
  { frames, light, endpoint = ENDPOINT }: { frames: number; light: number; endpoint?: string },
) {
  let right = 0
  for await (const { frame, answer } of watch(pictures, {
    url,
    endpoint,
    fps: 20,
    frames,
    light,
    labels: true,
  }))
    if (answer.label === frame.label) right++
  return right / frames
}

/**
 * What the drift monitor says moved, beyond what chance does, the most first. A period is closed by the first frame after its
 * end: dusk goes on until then.
 */
async function movedFeatures(api: Server, goOn: () => Promise<unknown>): Promise<string[]> {
  for (let tries = 0; tries < 40; tries++) {
    const { points } = await api.monitorSeries({ params: { endpoint: ENDPOINT }, query: {} })
    const latest = points.at(-1)?.drift?.features ?? []
    const moved = latest.filter(({ psi, noise }) => psi > Math.max(0.25, 2 * noise))
    if (moved.some(({ feature }) => feature === 'brightness') && moved.length > 1)
      return moved.sort((a, b) => b.psi - a.psi).map(({ feature }) => feature)
    await goOn()
  }
  return []
}

/** Where the parts of a first picture stand that made its answer. */
async function explained(url: string, pictures: string): Promise<string> {
  const names = await readdir(pictures, { recursive: true })
  const first = names.filter((name) => /\.jpe?g$/i.test(name)).sort()[0]!
  const reply = await fetch(`${url}/predict/${ENDPOINT}?explain=occlusion`, {
    method: 'POST',
    headers: { 'content-type': 'image/jpeg' },
    body: new Uint8Array(await readFile(join(pictures, first))),
  })
  const { predictions } = (await reply.json()) as { predictions: { id: string }[] }
  const [{ id }] = predictions as [{ id: string }]
  const map = await fetch(`${url}/api/predictions/${id}/explanation.png`)
  if (map.headers.get('content-type') !== 'image/png') throw new Error(`no map of ${id}: ${await map.text()}`)
  return `${url}/trace/${id}`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({
    options: {
      data: { type: 'string' },
      quick: { type: 'boolean' },
      home: { type: 'string' },
      keep: { type: 'boolean' },
      frames: { type: 'string' },
      training: { type: 'string' },
    },
  })
  await runPetPark({ ...values, frames: values.frames === undefined ? undefined : Number(values.frames) })
}
