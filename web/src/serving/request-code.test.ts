import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { LANGUAGES, requestCode } from './request-code.ts'

const BODY = {
  records: [{ name: `it's "so" \\ größer`, hours: 1.5, on: true, off: false, missing: null, list: [1, [2, 3]] }],
}
const URL = 'http://127.0.0.1:1/predict/a'

describe('a request as code', () => {
  it('says in a shell what it says', () => {
    // A stand-in for the program that shows what it is given.
    const code = requestCode('curl', { url: URL, body: BODY }).replace(/^curl/, `printf '%s\\n'`)
    const lines = execFileSync('sh', ['-c', code], { encoding: 'utf8' }).trimEnd().split('\n')
    expect(lines.slice(0, 4)).toEqual([URL, '-H', 'content-type: application/json', '-d'])
    expect(JSON.parse(lines[4]!)).toEqual(BODY)
  })

  it('says in JavaScript what it says', async () => {
    const code = requestCode('JavaScript', { url: URL, body: BODY })
    const sent: [string, RequestInit][] = []
    const fetch = async (url: string, init: RequestInit) => {
      sent.push([url, init])
      return { json: async () => ({}) }
    }
    const silent = { log: () => undefined }
    const run = new Function('fetch', 'console', `return (async () => { ${code} })()`)
    await run(fetch, silent)
    expect(sent[0]![0]).toBe(URL)
    expect(JSON.parse(String(sent[0]![1].body))).toEqual(BODY)
  })

  it('says in Python what it says', () => {
    const code = requestCode('Python', { url: URL, body: BODY })
    const stand = `
import json, sys, types
sent = {}
class Reply:
    def raise_for_status(self): pass
    def json(self): return json.dumps(sent)
def post(url, json): sent.update(url=url, json=json); return Reply()
sys.modules["requests"] = types.SimpleNamespace(post=post)
`
    const printed = execFileSync('python3', ['-c', stand + code], { encoding: 'utf8' })
    expect(JSON.parse(printed)).toEqual({ url: URL, json: BODY })
  })

  it('names a file that is sent', () => {
    const file = { name: 'a cat.png', type: 'image/png' }
    for (const language of LANGUAGES)
      expect(requestCode(language, { url: URL, body: undefined, file })).toContain('a cat.png')
  })
})
