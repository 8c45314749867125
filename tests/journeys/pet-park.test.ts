import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Outcome, runPetPark } from '../../examples/pet-park/run.ts'
import { HAS_PYTHON } from '../support/python.ts'

/*
 * The pet park as its own command runs it, on drawn pictures and with a short fit: a folder becomes a version of data, a
 * Python step trains a network, its package is judged, signed and served, a camera sends frames, dusk is noticed.
 */
const PATIENCE = 15 * 60_000

describe.skipIf(!HAS_PYTHON)('the pet park (needs python3, 3.11 or later)', () => {
  let folder: string
  let outcome: Outcome
  const said: string[] = []
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'orrery-pet-park-'))
    outcome = await runPetPark({ quick: true, home: folder, frames: 60 }, (line) => said.push(line))
  }, PATIENCE)
  afterAll(() => rm(folder, { recursive: true, force: true }))

  const line = (start: string) => said.find((one) => one.startsWith(start)) ?? ''

  it('goes from a folder of pictures to production', () => {
    expect(line('data:')).toBe('data: 240 rows · 2 of 2 expectations hold')
    expect(line('evaluate:')).toMatch(/accuracy 0\.\d+ ± .* on 48 rows · 6 segments · .* flip under noise/)
    expect(outcome).toMatchObject({ version: 1 })
    expect(outcome.confusion.map((row) => row.reduce((sum, each) => sum + each, 0))).toEqual([24, 24])
    expect(said.join('\n')).toContain('pet-gate@1 is in production')
  })

  it('answers at the machine at the park before anybody signs, who reads what it does under noise, blur and crop', () => {
    const all = said.join('\n')
    expect(all).toMatch(/park-test: \d+ % of 20 frames answered as their folder says at \/predict\/pet-gate-park-test/)
    expect(said.findIndex((one) => one.startsWith('park-test:'))).toBeLessThan(said.indexOf('signed'))
    expect(all).toMatch(/noise of 5 % 0\.\d+, .*blur of 1 pixels 0\.\d+, 10 % cut off 0\.\d+, mirrored 0\.\d+/)
    expect(all).toMatch(/by light, dogs are found/)
  })

  it('says why a frame was answered as it was', () => {
    expect(line('why it said so:')).toMatch(/\/trace\/\w+$/)
  })

  it('answers in service what the training answered', () => {
    const [, difference] = /parity ([\d.e-]+) on 20 rows/.exec(line('package:'))!
    expect(Number(difference)).toBeLessThan(1e-5)
  })

  it('notices dusk in what it measures of the frames, and in where the network sees them', () => {
    expect(outcome.moved).toContain('brightness')
    expect(outcome.moved.some((feature) => feature.startsWith('embedding_'))).toBe(true)
  })
})
