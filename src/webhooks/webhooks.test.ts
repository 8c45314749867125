import { createHmac } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventMigrations, openEvents } from '#platform/events'
import { openLog } from '#platform/log'
import { onEveryDatabase } from '#platform/testing'
import { systemClock } from '#platform/time'
import { type Language, openWebhooks, webhookMigrations } from './index.ts'
import { isPublicAddress } from './public-address.ts'

interface Received {
  path: string
  headers: Record<string, string>
  body: string
}

const language: Language = {
  facts: ['test.happened'],
  events: ['thing.created', 'thing.deleted'],
  messagesOf: ({ subject }) => [{ event: 'thing.created', body: JSON.stringify({ subject }) }],
}

onEveryDatabase('webhooks', [...eventMigrations, ...webhookMigrations], (storage) => {
  const log = openLog({ level: 'silent' })
  let receiver: Server
  let url: string
  const received: Received[] = []
  /** What the receiver answers, first come first served; then 200. */
  const answers: number[] = []

  beforeAll(async () => {
    receiver = createServer((request, response) => {
      let body = ''
      request.on('data', (chunk) => {
        body += chunk
      })
      request.on('end', () => {
        received.push({ path: request.url!, headers: request.headers as Record<string, string>, body })
        response.writeHead(answers.shift() ?? 200).end('thanks')
      })
    })
    await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve))
    url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`
  })
  afterAll(() => new Promise((resolve) => receiver.close(resolve)))

  /** A process of its own: its events, its webhooks. */
  async function open(options: { reach?: 'public' | 'any'; start?: boolean } = {}) {
    const events = openEvents({ storage: storage(), clock: systemClock, log })
    const webhooks = openWebhooks({
      ...{ storage: storage(), events, clock: systemClock, log, language, firstPauseMs: 20 },
      reach: options.reach ?? 'any',
    })
    await events.start()
    if (options.start !== false) await webhooks.start()
    const tell = (subject: string) =>
      storage().write((tx) => events.publish(tx, { type: 'test.happened', subject, data: {} }))
    const close = async () => {
      await events.stop()
      await webhooks.stop()
    }
    return { webhooks, tell, close, settled: () => expect.poll(() => events.settled(), { timeout: 5_000 }).toBe(true) }
  }
  const to = (path: string) => received.filter((one) => one.path === path)
  const PAGE = { limit: 10, offset: 0 }

  it('are told, signed, under an id and a time', async () => {
    const { webhooks, tell, close } = await open()
    const hook = await webhooks.create({
      name: 'ci',
      url: `${url}/signed`,
      events: ['thing.created'],
      secret: 's3cret',
    })
    expect(hook).toMatchObject({ signed: true, status: 'active' })
    expect(JSON.stringify(await webhooks.webhook(hook.id))).not.toContain('s3cret')
    await webhooks.create({ name: 'other', url: `${url}/other`, events: ['thing.deleted'] })
    await webhooks.create({ name: 'off', url: `${url}/off`, events: ['thing.created'], status: 'disabled' })
    await tell('one')
    await expect.poll(() => to('/signed').length, { timeout: 5_000 }).toBe(1)
    const { headers, body } = to('/signed')[0]!
    expect(JSON.parse(body)).toEqual({ subject: 'one' })
    const signed = `${headers['x-mlflow-delivery-id']}.${headers['x-mlflow-timestamp']}.${body}`
    expect(headers['x-mlflow-signature']).toBe(`v1,${createHmac('sha256', 's3cret').update(signed).digest('base64')}`)
    expect(Math.abs(Date.now() / 1000 - Number(headers['x-mlflow-timestamp']))).toBeLessThan(60)
    await expect
      .poll(async () => (await webhooks.deliveries(hook.id, PAGE))[0], { timeout: 5_000 })
      .toMatchObject({ state: 'delivered', attempts: 1, answer: '200 thanks', nextAt: null })
    expect([...to('/other'), ...to('/off')]).toEqual([])
    for (const { id } of await webhooks.webhooks(PAGE)) await webhooks.delete(id)
    await close()
  })

  it('are tried again under the same id, until they take it', async () => {
    const { webhooks, tell, close } = await open()
    answers.push(500, 503)
    const hook = await webhooks.create({ name: 'flaky', url: `${url}/flaky`, events: ['thing.created'] })
    await tell('stubborn')
    await expect.poll(() => to('/flaky').length, { timeout: 5_000 }).toBe(3)
    expect(new Set(to('/flaky').map(({ headers }) => headers['x-mlflow-delivery-id'])).size).toBe(1)
    expect(to('/flaky')[0]!.headers['x-mlflow-signature']).toBeUndefined()
    await expect
      .poll(async () => (await webhooks.deliveries(hook.id, PAGE))[0], { timeout: 5_000 })
      .toMatchObject({ state: 'delivered', attempts: 3 })
    await webhooks.delete(hook.id)
    await close()
  })

  it('are told after a restart what they missed, once', async () => {
    // The first process writes the delivery and ends before it sends.
    const first = await open({ start: false })
    const hook = await first.webhooks.create({ name: 'later', url: `${url}/later`, events: ['thing.created'] })
    await first.tell('before the end')
    await first.settled()
    await first.close()
    expect(to('/later')).toEqual([])
    const second = await open()
    await expect.poll(() => to('/later').length, { timeout: 5_000 }).toBe(1)
    await second.settled()
    expect(to('/later')).toHaveLength(1)
    await second.webhooks.delete(hook.id)
    await second.close()
  })

  it('reach into no network of the server’s own unless it is allowed', async () => {
    const { webhooks, close } = await open({ reach: 'public' })
    await expect(webhooks.create({ name: 'http', url, events: ['thing.created'] })).rejects.toMatchObject({
      code: 'ORRERY_WEBHOOKS_INVALID',
    })
    for (const host of ['127.0.0.1', 'localhost', '[::1]', '[::ffff:127.0.0.1]', '169.254.169.254', '0x7f000001']) {
      const hook = await webhooks.create({ name: 'inside', url: `https://${host}:1/`, events: ['thing.created'] })
      await expect(webhooks.test(hook.id, '{}'), host).rejects.toMatchObject({
        code: 'ORRERY_WEBHOOKS_ADDRESS_NOT_PUBLIC',
      })
      await webhooks.delete(hook.id)
    }
    await close()
  })

  it.each([
    ['a name with a space', { name: 'a b' }],
    ['a name of 64 characters', { name: 'a'.repeat(64) }],
    ['no event', { events: [] }],
    ['an event that is none', { events: ['thing.eaten'] }],
    ['no address', { url: 'here' }],
    ['a file', { url: 'file:///etc/passwd' }],
    ['a password in the address', { url: 'https://a:b@example.org' }],
  ])('have no %s', async (_, wrong) => {
    const { webhooks, close } = await open()
    const fields = { name: 'right', url: 'https://example.org/hook', events: ['thing.created'], ...wrong }
    await expect(webhooks.create(fields)).rejects.toMatchObject({ code: 'ORRERY_WEBHOOKS_INVALID', status: 400 })
    await close()
  })

  it('change, and are forgotten', async () => {
    const { webhooks, close } = await open()
    const hook = await webhooks.create({ name: 'change', url: `${url}/a`, events: ['thing.created'], secret: 'x' })
    const changed = await webhooks.update(hook.id, { status: 'disabled', events: ['thing.deleted'], secret: '' })
    expect(changed).toMatchObject({ name: 'change', status: 'disabled', events: ['thing.deleted'], signed: false })
    await webhooks.delete(hook.id)
    await expect(webhooks.webhook(hook.id)).rejects.toMatchObject({ code: 'ORRERY_WEBHOOKS_UNKNOWN', status: 404 })
    await close()
  })
})

describe('public addresses', () => {
  it.each(['8.8.8.8', '1.1.1.1', '2606:4700:4700::1111'])('%s', (address) => {
    expect(isPublicAddress(address)).toBe(true)
  })
  it.each([
    ...['127.0.0.1', '10.1.2.3', '172.16.0.1', '192.168.1.1', '169.254.169.254', '100.64.0.1', '0.0.0.0', '224.0.0.1'],
    ...['::1', '::', 'fe80::1', 'fd00::1', '::ffff:10.0.0.1', '64:ff9b::a00:1', '2002:7f00:1::', '2001:db8::1', 'x'],
  ])('not %s', (address) => {
    expect(isPublicAddress(address)).toBe(false)
  })
})
