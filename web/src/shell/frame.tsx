import { useQuery } from '@tanstack/react-query'
import { Suspense, useCallback, useEffect, useRef, useState } from 'react'
import { Link, NavLink, Outlet, useLocation, useNavigate, useNavigationType } from 'react-router'
import { FailureBoundary } from './failure.tsx'
import { Help } from './help.tsx'
import { useKeys } from './keys.ts'
import { useLive, useLiveness } from './live.ts'
import { Palette } from './palette.tsx'
import { Skeleton } from './parts.tsx'
import { paths } from './paths.ts'
import { useProject } from './project.ts'
import { ask } from './server.ts'
import { chooseTheme, chosenTheme, otherTheme } from './theme.ts'

const PAGES: [name: string, path: (project: string) => string, alsoUnder?: string][] = [
  ['Loop', paths.loop],
  ['Data', paths.data],
  ['Features', paths.features],
  ['Runs', paths.runs, 'tracking'],
  ['Models', paths.models],
  ['Endpoints', paths.endpoints],
  ['Batches', paths.batches],
  ['Monitors', paths.monitors, 'alerts'],
  ['Traces', paths.traces],
]

/** What clients track, register and trace without a project. */
const PAGES_OF_NO_PROJECT: [name: string, to: string, alsoUnder: RegExp][] = [
  ['Experiments', paths.experiments(), /^\/(tracking\/|compare$)/],
  ['Models', paths.models(''), /^$/],
  ['Traces', paths.traces(), /^$/],
]

/** The window round every page: name, navigation, palette, live stream. */
export function Frame() {
  const project = useProject()
  const { pathname } = useLocation()
  const palette = useRef<HTMLDialogElement>(null)
  const help = useRef<HTMLDialogElement>(null)
  const openPalette = useCallback(() => !palette.current?.open && palette.current?.showModal(), [])
  const openHelp = useCallback(() => !help.current?.open && help.current?.showModal(), [])
  useKeys({ openPalette, openHelp })
  useLive(project)
  useFreshPage(pathname)

  return (
    <>
      <a className="skip" href="#main">
        Skip to the page
      </a>
      <header className="top">
        <Link className="brand" to={project ? paths.loop(project) : '/'}>
          <span aria-hidden="true">◐</span> Orrery
        </Link>
        <ProjectChoice />
        {project && (
          <nav className="pages" aria-label="Pages">
            {PAGES.map(([name, path, alsoUnder]) => (
              <NavLink
                key={name}
                to={path(project)}
                end={name === 'Loop'}
                className={({ isActive }) =>
                  isActive || (alsoUnder && pathname.startsWith(`${paths.loop(project)}/${alsoUnder}/`)) ? 'on' : ''
                }
              >
                {name}
              </NavLink>
            ))}
          </nav>
        )}
        {!project && (
          <nav className="pages" aria-label="Pages">
            {PAGES_OF_NO_PROJECT.map(([name, to, alsoUnder]) => (
              <NavLink
                key={name}
                to={to}
                className={({ isActive }) => (isActive || alsoUnder.test(pathname) ? 'on' : '')}
              >
                {name}
              </NavLink>
            ))}
          </nav>
        )}
        <div className="top-right">
          <Liveness />
          <button type="button" className="jump" onClick={openPalette}>
            <span>Search or jump</span> <kbd>{/Mac|iPhone/.test(navigator.userAgent) ? '⌘' : 'Ctrl '}K</kbd>
          </button>
          <ThemeButton />
          <button
            type="button"
            className="icon"
            onClick={openHelp}
            aria-label="Keyboard help"
            title="Keyboard help (?)"
          >
            ?
          </button>
        </div>
      </header>
      <main id="main" tabIndex={-1}>
        <FailureBoundary place={pathname}>
          <Suspense fallback={<Skeleton height={320} />}>
            <Outlet />
          </Suspense>
        </FailureBoundary>
      </main>
      <Palette dialog={palette} />
      <Help dialog={help} />
    </>
  )
}

function ProjectChoice() {
  const project = useProject()
  const navigate = useNavigate()
  const { data } = useQuery(ask('projects', 'listProjects'))
  if (!project) return null
  const names = data?.projects.map((each) => each.name) ?? []
  if (names.length < 2) return <span className="project-name">{project}</span>
  return (
    <select
      className="project-choice"
      aria-label="Project"
      value={project}
      onChange={(event) => navigate(paths.loop(event.target.value))}
    >
      {[...new Set([project, ...names])].sort().map((name) => (
        <option key={name}>{name}</option>
      ))}
    </select>
  )
}

function Liveness() {
  const liveness = useLiveness()
  const project = useProject()
  const { pathname } = useLocation()
  if ((!project && pathname === '/') || liveness === 'connecting') return null
  return liveness === 'live' ? (
    <span className="liveness" title="Changes show by themselves">
      live
    </span>
  ) : (
    <span className="liveness lost" role="status" title="What you see is as it was; trying to reach the server again">
      not connected
    </span>
  )
}

function ThemeButton() {
  const [, redraw] = useState(chosenTheme())
  return (
    <button
      type="button"
      className="icon"
      aria-label="Switch light and dark"
      title="Switch light and dark (t)"
      onClick={() => {
        chooseTheme(otherTheme())
        redraw(chosenTheme())
      }}
    >
      ◐
    </button>
  )
}

/**
 * A new page starts at its top, for eyes and for screen readers alike: focus goes to the page, where the next Tab finds
 * its first control. Back and forward keep the place the browser remembers.
 */
function useFreshPage(pathname: string): void {
  const before = useRef(pathname)
  const kind = useNavigationType()
  useEffect(() => {
    if (before.current === pathname) return
    before.current = pathname
    document.getElementById('main')?.focus({ preventScroll: true })
    if (kind !== 'POP') window.scrollTo(0, 0)
  }, [pathname, kind])
}
