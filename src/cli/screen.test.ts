import { PassThrough } from 'node:stream'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { cut, openScreen, padded, visibleLength } from './screen.ts'

const red = (text: string) => `\u001B[31m${text}\u001B[39m`

describe('text on the screen', () => {
  it('is as long as what is seen', () => {
    expect(visibleLength(red('four'))).toBe(4)
    expect(padded(red('four'), 6)).toBe(`${red('four')}  `)
  })

  it('is cut at what is seen, and its colours end', () => {
    expect(cut('abcdef', 4)).toBe('abc…')
    expect(cut(`ab${red('cdef')}`, 4)).toBe('ab\u001B[31mc\u001B[39m…')
    expect(cut(red('abcd'), 4)).toBe(red('abcd'))
  })
})

describe('screen', () => {
  function terminal(fields: object) {
    const stream = Object.assign(new PassThrough(), fields)
    let written = ''
    stream.on('data', (chunk) => {
      written += chunk
    })
    return { stream: stream as unknown as NodeJS.WriteStream, written: () => written }
  }

  it('has lines and no block where there is no terminal', () => {
    const { stream, written } = terminal({ isTTY: false })
    const screen = openScreen(stream)
    screen.block(['never drawn'])
    screen.line('stays')
    screen.close()
    expect(written()).toBe('stays\n')
  })

  it('draws the block below the lines, anew each time, and gives the cursor back', () => {
    // As at a person's terminal, wherever this test itself runs.
    vi.stubEnv('CI', '')
    vi.stubEnv('TERM', 'xterm')
    onTestFinished(() => void vi.unstubAllEnvs())
    const { stream, written } = terminal({ isTTY: true, columns: 80, rows: 24 })
    const screen = openScreen(stream)
    screen.block(['one', 'two'])
    screen.line('stays')
    screen.close()
    expect(written()).toBe(
      '\u001B[?25l' + 'one\ntwo\n' + '\u001B[2A\r\u001B[0Jstays\none\ntwo\n' + '\u001B[2A\r\u001B[0J' + '\u001B[?25h',
    )
  })
})
