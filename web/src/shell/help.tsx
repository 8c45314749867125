import type { RefObject } from 'react'
import { GO_TO } from './keys.ts'

const KEYS: [keys: string[], what: string][] = [
  [['Ctrl/⌘ K'], 'search or jump'],
  [['j'], 'next in the list'],
  [['k'], 'previous in the list'],
  [['↵'], 'open it'],
  [['x'], 'select it'],
  [['t'], 'switch light and dark'],
  [['←', '→'], 'move along a chart'],
  [['?'], 'this help'],
]

export function Help({ dialog }: { dialog: RefObject<HTMLDialogElement | null> }) {
  return (
    <dialog ref={dialog} className="help" aria-labelledby="help-title">
      <h2 id="help-title">Keyboard</h2>
      <dl>
        {KEYS.map(([keys, what]) => (
          <div key={what}>
            <dt>
              {keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
        {Object.entries(GO_TO).map(([key, [page]]) => (
          <div key={key}>
            <dt>
              <kbd>g</kbd> <kbd>{key}</kbd>
            </dt>
            <dd>{page}</dd>
          </div>
        ))}
      </dl>
      <form method="dialog">
        <button type="submit" className="button">
          Close
        </button>
      </form>
    </dialog>
  )
}
