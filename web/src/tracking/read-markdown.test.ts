import { describe, expect, it } from 'vitest'
import { readMarkdown } from './read-markdown.ts'

describe('Markdown of a note', () => {
  const text = (text: string) => ({ kind: 'text', text })

  it('reads headings, paragraphs, lists, quotes, code and rules', () => {
    const note = '# Why\n\nTwo\nlines\n- a\n- b\n  more\n\n1. one\n2) two\n> said\n```py\n# not a heading\n```\n---'
    expect(readMarkdown(note)).toEqual([
      { kind: 'heading', level: 1, inside: [text('Why')] },
      { kind: 'paragraph', inside: [text('Two\nlines')] },
      { kind: 'list', ordered: false, items: [[text('a')], [text('b\nmore')]] },
      { kind: 'list', ordered: true, items: [[text('one')], [text('two')]] },
      { kind: 'quote', inside: [text('said')] },
      { kind: 'code', text: '# not a heading' },
      { kind: 'rule' },
    ])
  })

  it('reads emphasis, code and links within a line', () => {
    expect(readMarkdown('a **b *c*** `*d*` _e_ snake_case_name [f](https://g.org/h) https://i.org/j.')).toMatchObject([
      {
        inside: [
          text('a '),
          { kind: 'strong', inside: [text('b '), { kind: 'emphasis', inside: [text('c')] }] },
          text(' '),
          { kind: 'code', text: '*d*' },
          text(' '),
          { kind: 'emphasis', inside: [text('e')] },
          text(' snake_case_name '),
          { kind: 'link', to: 'https://g.org/h', inside: [text('f')] },
          text(' '),
          { kind: 'link', to: 'https://i.org/j' },
          text('.'),
        ],
      },
    ])
  })

  it('takes HTML for text, and follows no link but to the web', () => {
    const note = '<script>alert(1)</script> [x](javascript:alert(1)) [y](data:text/html,z) ![p](/api/runs)'
    const links = JSON.stringify(readMarkdown(note)).match(/"link"/g)
    expect(links).toBeNull()
    expect(readMarkdown(note)).toEqual([
      { kind: 'paragraph', inside: expect.arrayContaining([expect.objectContaining({ kind: 'text' })]) },
    ])
  })

  it('reads what is not closed, and a hundred thousand signs of one kind, in no time', () => {
    expect(readMarkdown('**a')).toEqual([{ kind: 'paragraph', inside: [text('**a')] }])
    expect(readMarkdown('```\ncode')).toEqual([{ kind: 'code', text: 'code' }])
    const started = performance.now()
    for (const sign of ['*', '_', '[', '`', '> ', '- ', '**a ', '[a](']) readMarkdown(sign.repeat(8_000 / sign.length))
    expect(performance.now() - started).toBeLessThan(1_000)
  })
})
