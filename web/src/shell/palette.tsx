import { useQuery } from '@tanstack/react-query'
import { type RefObject, useEffect, useId, useMemo, useRef, useState } from 'react'
import { useNavigate } from 'react-router'
import { metricName } from './metrics.ts'
import { paths } from './paths.ts'
import { useProject } from './project.ts'
import { ask } from './server.ts'
import { chooseTheme, otherTheme } from './theme.ts'

interface Entry {
  key: string
  group: string
  text: string
  note?: string
  go: () => void
}

/** Shorter words are searches, and no prediction's id. */
const SHORTEST_ID = 4
const MOST_SHOWN = 40

/** Ctrl/Cmd-K: every page, version, run, alert by name, and any prediction by its id. */
export function Palette({ dialog }: { dialog: RefObject<HTMLDialogElement | null> }) {
  const [open, setOpen] = useState(false)
  useEffect(() => {
    const element = dialog.current
    if (!element) return
    const follow = () => setOpen(element.open)
    const observer = new MutationObserver(follow)
    observer.observe(element, { attributeFilter: ['open'] })
    return () => observer.disconnect()
  }, [dialog])
  return (
    <dialog
      ref={dialog}
      className="palette"
      aria-label="Search or jump"
      onClick={(event) => event.target === event.currentTarget && event.currentTarget.close()}
      onKeyDown={() => undefined}
    >
      {open && <Jump close={() => dialog.current?.close()} />}
    </dialog>
  )
}

function Jump({ close }: { close: () => void }) {
  const [text, setText] = useState('')
  const [chosen, setChosen] = useState(0)
  const list = useRef<HTMLDivElement>(null)
  const id = useId()
  const entries = useEntries(text.trim())
  const found = useMemo(() => search(entries, text), [entries, text])
  const at = Math.min(chosen, found.length - 1)

  useEffect(() => {
    list.current?.querySelector(`[data-at="${at}"]`)?.scrollIntoView({ block: 'nearest' })
  }, [at])

  const go = (entry: Entry | undefined) => {
    if (!entry) return
    close()
    entry.go()
  }

  return (
    <>
      <input
        // biome-ignore lint/a11y/noAutofocus: the dialog was opened to write here.
        autoFocus
        value={text}
        placeholder="Jump to a page, version, run, alert, or paste a prediction id"
        aria-label="Search or jump"
        role="combobox"
        aria-expanded="true"
        aria-controls={`${id}-list`}
        aria-activedescendant={found.length > 0 ? `${id}-${at}` : undefined}
        onChange={(event) => {
          setText(event.target.value)
          setChosen(0)
        }}
        onKeyDown={(event) => {
          if (event.key === 'ArrowDown') setChosen(Math.min(found.length - 1, at + 1))
          else if (event.key === 'ArrowUp') setChosen(Math.max(0, at - 1))
          else if (event.key === 'Enter') go(found[at])
          else return
          event.preventDefault()
        }}
      />
      <div className="palette-list" role="listbox" id={`${id}-list`} aria-label="Where to" ref={list}>
        {found.map((entry, i) => (
          <div key={entry.key}>
            {entry.group !== found[i - 1]?.group && (
              <div className="palette-group" role="presentation">
                {entry.group}
              </div>
            )}
            <button
              type="button"
              role="option"
              id={`${id}-${i}`}
              data-at={i}
              aria-selected={i === at}
              tabIndex={-1}
              onPointerMove={() => setChosen(i)}
              onClick={() => go(entry)}
            >
              {entry.text}
              {entry.note && <span className="note">{entry.note}</span>}
            </button>
          </div>
        ))}
        {found.length === 0 && <p className="palette-none">Nothing is called “{text}”.</p>}
      </div>
      <p className="palette-help" aria-hidden="true">
        <kbd>↑</kbd> <kbd>↓</kbd> choose <kbd>↵</kbd> open <kbd>esc</kbd> close
      </p>
    </>
  )
}

function useEntries(text: string): Entry[] {
  const project = useProject()
  const navigate = useNavigate()
  const inProject = { enabled: project !== undefined }
  const projects = useQuery(ask('projects', 'listProjects'))
  const experiments = useQuery(ask('tracking', 'listExperiments', { query: { project: 'none', limit: 100 } }))
  const models = useQuery({ ...ask('registry', 'listModels', { query: { project } }), ...inProject })
  const endpoints = useQuery({ ...ask('deployments', 'listEndpoints', { query: { project } }), ...inProject })
  const alerts = useQuery({ ...ask('monitoring', 'listAlerts', { query: { project, limit: 30 } }), ...inProject })
  const runs = useQuery({
    ...ask('pipelines', 'listPipelineRuns', { params: { project: project ?? '' }, query: { limit: 30 } }),
    ...inProject,
  })

  return useMemo(() => {
    const entries: Entry[] = []
    const add = (group: string, name: string, to: string, note?: string) =>
      entries.push({ key: `${group} ${to}`, group, text: name, go: () => navigate(to), ...(note ? { note } : {}) })
    if (project) {
      add('Pages', 'Loop', paths.loop(project), 'g l')
      add('Pages', 'Data', paths.data(project), 'g d')
      add('Pages', 'Data sources', paths.sources(project))
      add('Pages', 'Features', paths.features(project), 'g f')
      add('Pages', 'Runs', paths.runs(project), 'g r')
      add('Pages', 'Models', paths.models(project), 'g m')
      add('Pages', 'Endpoints', paths.endpoints(project), 'g e')
      add('Pages', 'Batches', paths.batches(project), 'g b')
      add('Pages', 'Monitors', paths.monitors(project), 'g o')
      add('Pages', 'Traces', paths.traces(project), 'g t')
      for (const endpoint of endpoints.data?.endpoints ?? []) {
        add('Endpoints', endpoint.name, paths.endpoint(project, endpoint.name))
        add('Endpoints', `${endpoint.name} monitors`, paths.monitor(project, endpoint.name))
      }
      for (const model of models.data?.models ?? []) {
        const named = Object.entries(model.aliases)
        for (let version = model.versions; version >= 1; version--) {
          const alias = named.filter(([, of]) => of === version).map(([name]) => name)
          add('Versions', `${model.name} v${version}`, paths.version(project, model.name, version), alias.join(', '))
        }
      }
      for (const alert of alerts.data?.alerts ?? [])
        add(
          'Alerts',
          alert.title,
          paths.alert(project, alert.id),
          `${metricName(alert.cost.metric)}, v${alert.champion}`,
        )
      for (const run of runs.data?.runs ?? []) add('Runs', run.name, paths.run(project, run.id), run.state)
    }
    if (!project) {
      add('Pages', 'Traces', paths.traces(), 'g t')
      add('Pages', 'Models', paths.models(''), 'g m')
    }
    add('Pages', 'Experiments', paths.experiments(), 'g x')
    for (const experiment of experiments.data?.experiments ?? [])
      add('Experiments', experiment.name, paths.experiment(experiment.id))
    if (/^tr-[0-9a-f]{32}$/.test(text)) add('Trace', text, paths.requestTrace(text, project))
    for (const { name, description } of projects.data?.projects ?? [])
      if (name !== project) add('Projects', name, paths.loop(name), description)
    if (/^[\w:.-]+$/.test(text) && text.length >= SHORTEST_ID && /\d/.test(text)) {
      add('Prediction', text, paths.trace(text), 'its whole past')
    }
    entries.push({
      key: 'switch theme',
      group: 'This browser',
      text: 'Switch light and dark',
      note: 't',
      go: () => chooseTheme(otherTheme()),
    })
    entries.push({
      key: 'system theme',
      group: 'This browser',
      text: 'Theme as the system says',
      go: () => chooseTheme('system'),
    })
    return entries
  }, [text, project, navigate, projects.data, experiments.data, models.data, endpoints.data, alerts.data, runs.data])
}

/** Every word must occur; what begins with the text comes first within its group's order. */
function search(entries: Entry[], text: string): Entry[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean)
  const hit = entries.filter((entry) => {
    const all = `${entry.group} ${entry.text} ${entry.note ?? ''}`.toLowerCase()
    return words.every((word) => all.includes(word))
  })
  return hit.slice(0, MOST_SHOWN)
}
