import type { ReactNode } from 'react'
import { type Block, type Inline, readMarkdown } from './read-markdown.ts'

/** Markdown of anybody's, shown safely: it becomes elements of ours and never HTML of its own. */
export function Markdown({ text }: { text: string }) {
  return <div className="markdown">{readMarkdown(text).map(block)}</div>
}

/** A text is read anew as a whole, so the place of a part is all the identity it has. */
function block(part: Block, key: number): ReactNode {
  switch (part.kind) {
    case 'heading':
      // The page's own headings are above those of a note.
      return part.level <= 2 ? (
        <h3 key={key}>{part.inside.map(inline)}</h3>
      ) : (
        <h4 key={key}>{part.inside.map(inline)}</h4>
      )
    case 'quote':
      return <blockquote key={key}>{part.inside.map(inline)}</blockquote>
    case 'code':
      return (
        <pre key={key}>
          <code>{part.text}</code>
        </pre>
      )
    case 'list': {
      // biome-ignore lint/suspicious/noArrayIndexKey: the same.
      const items = part.items.map((item, i) => <li key={i}>{item.map(inline)}</li>)
      return part.ordered ? <ol key={key}>{items}</ol> : <ul key={key}>{items}</ul>
    }
    case 'rule':
      return <hr key={key} />
    default:
      return <p key={key}>{part.inside.map(inline)}</p>
  }
}

function inline(part: Inline, key: number): ReactNode {
  switch (part.kind) {
    case 'code':
      return <code key={key}>{part.text}</code>
    case 'strong':
      return <strong key={key}>{part.inside.map(inline)}</strong>
    case 'emphasis':
      return <em key={key}>{part.inside.map(inline)}</em>
    case 'link':
      return (
        <a key={key} href={part.to} target="_blank" rel="noopener noreferrer nofollow">
          {part.inside.map(inline)}
        </a>
      )
    default:
      return part.text
  }
}
