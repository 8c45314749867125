/**
 * As much of Markdown as notes use, as a tree: headings, paragraphs, lists, quotes, code, tables' rows as text, emphasis
 * and links. HTML is text like any other, and a link leads to the web or nowhere, so that a note of anybody's training
 * code can be shown to everybody.
 */
export type Block =
  | { kind: 'heading'; level: number; inside: Inline[] }
  | { kind: 'paragraph' | 'quote'; inside: Inline[] }
  | { kind: 'list'; ordered: boolean; items: Inline[][] }
  | { kind: 'code'; text: string }
  | { kind: 'rule' }

export type Inline =
  | { kind: 'text' | 'code'; text: string }
  | { kind: 'strong' | 'emphasis'; inside: Inline[] }
  | { kind: 'link'; to: string; inside: Inline[] }

const FENCE = /^ {0,3}(```|~~~)/
const HEADING = /^(#{1,6})\s+(.*?)\s*#*$/
const ITEM = /^\s{0,3}(?:[-*+]|(\d{1,9})[.)])\s+(.*)$/
const QUOTE = /^ {0,3}>\s?(.*)$/
const RULE = /^ {0,3}([-*_])(?:\s*\1){2,}\s*$/

export function readMarkdown(text: string): Block[] {
  const blocks: Block[] = []
  const lines = text.replace(/\r\n?/g, '\n').split('\n')
  let at = 0
  const take = (belongs: (line: string) => boolean) => {
    const taken: string[] = []
    while (at < lines.length && belongs(lines[at]!)) taken.push(lines[at++]!)
    return taken
  }
  const isPlain = (line: string) =>
    line.trim() !== '' && ![FENCE, HEADING, ITEM, QUOTE, RULE].some((other) => other.test(line))
  while (at < lines.length) {
    const line = lines[at]!
    const fence = FENCE.exec(line)?.[1]
    const heading = HEADING.exec(line)
    if (line.trim() === '') at++
    else if (fence) {
      at++
      blocks.push({ kind: 'code', text: take((each) => !each.trimStart().startsWith(fence)).join('\n') })
      at++
    } else if (heading) {
      at++
      blocks.push({ kind: 'heading', level: heading[1]!.length, inside: readInline(heading[2]!) })
    } else if (RULE.test(line)) {
      at++
      blocks.push({ kind: 'rule' })
    } else if (QUOTE.test(line)) {
      const quoted = take((each) => QUOTE.test(each)).map((each) => QUOTE.exec(each)![1]!)
      blocks.push({ kind: 'quote', inside: readInline(quoted.join('\n')) })
    } else if (ITEM.test(line)) {
      const ordered = ITEM.exec(line)![1] !== undefined
      const items: string[] = []
      for (const each of take((next) => (ITEM.test(next) && !RULE.test(next)) || isPlain(next))) {
        const item = ITEM.exec(each)?.[2]
        // A line that begins no item goes on with the one before it.
        if (item === undefined) items.push(`${items.pop()}\n${each.trim()}`)
        else items.push(item)
      }
      blocks.push({ kind: 'list', ordered, items: items.map(readInline) })
    } else blocks.push({ kind: 'paragraph', inside: readInline(take(isPlain).join('\n')) })
  }
  return blocks
}

const INLINE =
  /`([^`]+)`|\*\*(?=\S)([^*]+(?:\*[^*]+\*[^*]*)*)\*\*|__(?=\S)([^_]+)__|\*(?=\S)([^*\n]+)\*|(?<!\w)_(?=\S)([^_\n]+)_(?!\w)|!?\[([^\]\n]*)\]\(([^()\s]+)(?:\s+"[^"\n]*")?\)|(https?:\/\/[^\s<>()]+[^\s<>().,;:!?])/

function readInline(text: string): Inline[] {
  const found = INLINE.exec(text)
  if (!found) return text === '' ? [] : [{ kind: 'text', text }]
  const [whole, code, strong, strong2, emphasis, emphasis2, name, to, bare] = found
  const before = text.slice(0, found.index)
  const after = text.slice(found.index + whole.length)
  return [
    ...(before === '' ? [] : [{ kind: 'text', text: before } as const]),
    code !== undefined
      ? { kind: 'code', text: code }
      : (strong ?? strong2) !== undefined
        ? { kind: 'strong', inside: readInline((strong ?? strong2)!) }
        : (emphasis ?? emphasis2) !== undefined
          ? { kind: 'emphasis', inside: readInline((emphasis ?? emphasis2)!) }
          : linkOf(name ?? bare!, to ?? bare!, whole),
    ...readInline(after),
  ]
}

/** What leads to no page of the web stays as it was written. */
function linkOf(name: string, to: string, written: string): Inline {
  if (!/^https?:\/\//i.test(to)) return { kind: 'text', text: written }
  return { kind: 'link', to, inside: [{ kind: 'text', text: name || to }] }
}
