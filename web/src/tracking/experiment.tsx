import { useQuery } from '@tanstack/react-query'
import { useParams } from 'react-router'
import { type ExperimentLine, MOST_COUNTED } from '#tracking/contract'
import { Asked } from '../shell/asked.tsx'
import { count, plural } from '../shell/numbers.ts'
import { Ago, Badge, Id, PageHead, Panel, SameAs, Skeleton } from '../shell/parts.tsx'
import { paths } from '../shell/paths.ts'
import { ask, server } from '../shell/server.ts'
import { useTitle } from '../shell/title.ts'
import { BinButton, TagBadges } from './experiments.tsx'
import { Explorer } from './explorer.tsx'
import { NotePanel } from './note.tsx'
import { Rename } from './rename.tsx'
import { TagsPanel } from './tags.tsx'
import './tracking.css'

/** One experiment: its runs, what people say about it, its tags. */
export function ExperimentPage() {
  const { experiment = '' } = useParams()
  const found = useQuery(ask('tracking', 'getExperiment', { params: { experiment } }))
  useTitle(found.data?.name, 'Experiments')
  return (
    <Asked query={found} skeleton={<Skeleton height={300} />}>
      {(one) => <OneExperiment key={one.id} experiment={one} />}
    </Asked>
  )
}

function OneExperiment({ experiment }: { experiment: ExperimentLine }) {
  const params = { experiment: experiment.id }
  const inBin = experiment.deletedAt !== null
  return (
    <>
      <PageHead
        crumbs={[{ to: paths.experiments(), text: 'Experiments' }]}
        title={experiment.name}
        badge={
          <>
            {inBin && <Badge tone="warn">in the bin</Badge>}
            {Object.keys(experiment.tags).length > 0 && <TagBadges tags={experiment.tags} />}
          </>
        }
        actions={
          <>
            {!inBin && (
              <Rename
                what="experiment"
                name={experiment.name}
                rename={(name) => server.tracking.renameExperiment({ params, body: { name } })}
              />
            )}
            <BinButton experiment={experiment} />
          </>
        }
      >
        {experiment.runs > MOST_COUNTED ? `over ${count(MOST_COUNTED)} runs` : plural(experiment.runs, 'run')}
        {experiment.lastRunAt !== null && (
          <>
            {' · last run '}
            <Ago at={experiment.lastRunAt} />
          </>
        )}
        {' · '}
        <Id value={experiment.id} />
      </PageHead>
      <div className="grid">
        <Panel title="Runs">
          <Explorer experiment={experiment} />
        </Panel>
        <NotePanel
          className="span-6 stretch"
          tags={experiment.tags}
          about="this experiment"
          locked={inBin}
          save={(tag) => server.tracking.tagExperiment({ params, body: tag })}
        />
        <TagsPanel
          className="span-6 stretch"
          tags={experiment.tags}
          about="this experiment"
          locked={inBin}
          set={(tag) => server.tracking.tagExperiment({ params, body: tag })}
          remove={(key) => server.tracking.untagExperiment({ params, query: { key } })}
        />
      </div>
      <SameAs api={`/api/runs?experimentId=${experiment.id}`} />
    </>
  )
}
