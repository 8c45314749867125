import { Link, useSearchParams } from 'react-router'

export const VIEWS = {
  profile: 'Profile',
  expectations: 'Expectations',
  scorecard: 'Scorecard',
  changes: 'Changes',
  recipe: 'Recipe',
} as const
export type View = keyof typeof VIEWS

export function useView(): View {
  const [search] = useSearchParams()
  const asked = search.get('view') ?? ''
  return Object.hasOwn(VIEWS, asked) ? (asked as View) : 'profile'
}

/** What can be looked at of a version; each has an address of its own. */
export function Views({ version }: { version: string }) {
  const view = useView()
  return (
    <nav className="data-views" aria-label="Views of this version">
      {Object.entries(VIEWS).map(([name, title]) => (
        <Link
          key={name}
          to={`?version=${version}${name === 'profile' ? '' : `&view=${name}`}`}
          aria-current={name === view ? 'page' : undefined}
          preventScrollReset
        >
          {title}
        </Link>
      ))}
    </nav>
  )
}
