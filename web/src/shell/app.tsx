import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { lazy } from 'react'
import { createBrowserRouter, type RouteObject, useLocation } from 'react-router'
import { RouterProvider } from 'react-router/dom'
import { LoopPage, ProjectsPage } from '../loop/page.tsx'
import { pageOfLink } from '../tracking/mlflow-links.ts'
import { Frame } from './frame.tsx'
import { Empty, PageHead, Panel } from './parts.tsx'
import { worthRetrying } from './server.ts'

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      // What changes is told by the event stream; this is for what changes without an event, such as request rates.
      staleTime: 15_000,
      refetchOnWindowFocus: false,
      retry: worthRetrying,
      retryDelay: 600,
    },
  },
})

// The loop is what most visits begin with; the other pages come when they are gone to.
const FeaturesPage = lazy(async () => ({ default: (await import('../features/views.tsx')).FeaturesPage }))
const FeatureViewPage = lazy(async () => ({ default: (await import('../features/view.tsx')).FeatureViewPage }))
const SourcesPage = lazy(async () => ({ default: (await import('../data/sources.tsx')).SourcesPage }))
const DataPage = lazy(async () => ({ default: (await import('../data/page.tsx')).DataPage }))
const RunsPage = lazy(async () => ({ default: (await import('../tracking/runs.tsx')).RunsPage }))
const RunPage = lazy(async () => ({ default: (await import('../tracking/run.tsx')).RunPage }))
const TrialPage = lazy(async () => ({ default: (await import('../tracking/trial.tsx')).TrialPage }))
const ExperimentsPage = lazy(async () => ({ default: (await import('../tracking/experiments.tsx')).ExperimentsPage }))
const ExperimentPage = lazy(async () => ({ default: (await import('../tracking/experiment.tsx')).ExperimentPage }))
const ComparePage = lazy(async () => ({ default: (await import('../tracking/compare-page.tsx')).ComparePage }))
const ModelsPage = lazy(async () => ({ default: (await import('../registry/models.tsx')).ModelsPage }))
const ModelPage = lazy(async () => ({ default: (await import('../registry/models.tsx')).ModelPage }))
const VersionPage = lazy(async () => ({ default: (await import('../registry/version.tsx')).VersionPage }))
const BatchesPage = lazy(async () => ({ default: (await import('../batch/batches.tsx')).BatchesPage }))
const EndpointsPage = lazy(async () => ({ default: (await import('../deployments/endpoints.tsx')).EndpointsPage }))
const EndpointPage = lazy(async () => ({ default: (await import('../deployments/endpoint.tsx')).EndpointPage }))
const RolloutPage = lazy(async () => ({ default: (await import('../deployments/rollout-page.tsx')).RolloutPage }))
const CertificatePage = lazy(async () => ({ default: (await import('../registry/certificate.tsx')).CertificatePage }))
const MonitorsPage = lazy(async () => ({ default: (await import('../monitoring/monitors.tsx')).MonitorsPage }))
const MonitorPage = lazy(async () => ({ default: (await import('../monitoring/monitors.tsx')).MonitorPage }))
const AlertPage = lazy(async () => ({ default: (await import('../monitoring/alert.tsx')).AlertPage }))
const TracesPage = lazy(async () => ({ default: (await import('../tracing/traces.tsx')).TracesPage }))
const RequestTracePage = lazy(async () => ({ default: (await import('../tracing/trace.tsx')).RequestTracePage }))
const TracePage = lazy(async () => ({ default: (await import('../governance/trace.tsx')).TracePage }))

const routes: RouteObject[] = [
  { index: true, element: <ProjectsPage /> },
  { path: 'trace/:prediction', element: <TracePage /> },
  { path: 'experiments', element: <ExperimentsPage /> },
  { path: 'experiments/:experiment', element: <ExperimentPage /> },
  { path: 'compare', element: <ComparePage /> },
  { path: 'tracking/:run', element: <TrialPage /> },
  { path: 'models', element: <ModelsPage /> },
  { path: 'models/:model', element: <ModelPage /> },
  { path: 'models/:model/versions/:version', element: <VersionPage /> },
  { path: 'models/:model/versions/:version/report', element: <CertificatePage /> },
  { path: 'traces', element: <TracesPage /> },
  { path: 'traces/:trace', element: <RequestTracePage /> },
  { path: ':project', element: <LoopPage /> },
  { path: ':project/data', element: <DataPage /> },
  { path: ':project/data/sources', element: <SourcesPage /> },
  { path: ':project/features', element: <FeaturesPage /> },
  { path: ':project/features/:view', element: <FeatureViewPage /> },
  { path: ':project/runs', element: <RunsPage /> },
  { path: ':project/runs/:run', element: <RunPage /> },
  { path: ':project/tracking/:run', element: <TrialPage /> },
  { path: ':project/traces', element: <TracesPage /> },
  { path: ':project/traces/:trace', element: <RequestTracePage /> },
  { path: ':project/models', element: <ModelsPage /> },
  { path: ':project/models/:model', element: <ModelPage /> },
  { path: ':project/models/:model/versions/:version', element: <VersionPage /> },
  { path: ':project/models/:model/versions/:version/report', element: <CertificatePage /> },
  { path: ':project/endpoints', element: <EndpointsPage /> },
  { path: ':project/endpoints/:endpoint', element: <EndpointPage /> },
  { path: ':project/batches', element: <BatchesPage /> },
  { path: ':project/endpoints/:endpoint/rollouts/:rollout', element: <RolloutPage /> },
  { path: ':project/monitors', element: <MonitorsPage /> },
  { path: ':project/monitors/:endpoint', element: <MonitorPage /> },
  { path: ':project/alerts/:alert', element: <AlertPage /> },
  { path: '*', element: <NoSuchPage /> },
]

// Before the router reads the address: what the mlflow client printed leads to the page it means.
const meant = pageOfLink(location.hash)
if (meant) history.replaceState(null, '', meant)

const router = createBrowserRouter([{ element: <Frame />, children: routes }])
window.addEventListener('hashchange', () => {
  const page = pageOfLink(location.hash)
  if (page) void router.navigate(page, { replace: true })
})

export function App() {
  return (
    <QueryClientProvider client={queries}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  )
}

function NoSuchPage() {
  const { pathname } = useLocation()
  return (
    <>
      <PageHead title="No such page" />
      <Panel title={pathname}>
        <Empty title="Nothing stands at this address">
          Press Ctrl/⌘ K to jump to a page, a version or a prediction by its id.
        </Empty>
      </Panel>
    </>
  )
}
