import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useRef, useState } from 'react'
import type { ColumnShape, RecipePreview, TriedRecipe } from '#data/contract'
import { Asked } from '../shell/asked.tsx'
import { count, percent } from '../shell/numbers.ts'
import { Ago, Empty, Mark, Panel, SameAs, Skeleton } from '../shell/parts.tsx'
import { ask, server } from '../shell/server.ts'
import { useSettled } from './settled.ts'

/** The recipe of a data set to edit, and what it does to a sample while it is written. Nothing is kept: the file is in git. */
export function RecipeView({ project, dataset }: { project: string; dataset: string }) {
  const kept = useQuery(ask('data', 'getRecipe', { params: { project, dataset } }))
  return (
    <Asked query={kept} skeleton={<Skeleton height={400} />}>
      {({ recipe }) => <Editor key={`${project} ${dataset}`} project={project} dataset={dataset} recipe={recipe} />}
    </Asked>
  )
}

function Editor({ project, dataset, recipe }: { project: string; dataset: string; recipe: string }) {
  const [text, setText] = useState(recipe)
  const tried = useSettled(text)
  const again = useRef(false)
  const preview = useQuery({
    queryKey: ['data', 'previewRecipe', project, dataset, tried],
    queryFn: () => {
      const body = { recipe: tried, again: again.current }
      again.current = false
      return server.data.previewRecipe({ params: { project, dataset }, body })
    },
    placeholderData: keepPreviousData,
    retry: false,
  })
  const readAgain = () => {
    again.current = true
    void preview.refetch()
  }
  const error = preview.error as { message?: string; hint?: string } | null
  const problem = error ? { message: error.message ?? '', hint: error.hint ?? '' } : (preview.data?.problem ?? null)
  return (
    <div className="stack">
      <Panel
        title="Recipe"
        note={preview.isFetching || tried !== text ? 'trying it out …' : 'tried out on a sample; nothing is kept'}
      >
        <label className="recipe">
          <span className="note">
            Steps as under <code>prepare:</code> in orrery.yaml
          </span>
          <textarea
            value={text}
            onChange={(event) => setText(event.target.value)}
            rows={Math.min(24, Math.max(6, text.split('\n').length + 1))}
            spellCheck={false}
            aria-invalid={problem !== null}
            aria-describedby="recipe-problem"
            placeholder={'- derive: { per_month: total / max(months, 1) }\n- impute: { columns: [age], with: median }'}
          />
        </label>
        <p id="recipe-problem" aria-live="polite" className={problem ? 'warning' : 'note'}>
          {problem ? (
            <>
              <Mark tone="warn" />
              <span>
                {problem.message.replaceAll('`', '')} <span className="note">{problem.hint.replaceAll('`', '')}</span>
              </span>
            </>
          ) : (
            preview.data && <RowsOf rows={preview.data.rows} />
          )}
        </p>
        {preview.data && (
          <p className="note">
            <TablesRead read={preview.data.read} />{' '}
            <button type="button" className="linkish" disabled={preview.isFetching} onClick={readAgain}>
              Read again
            </button>
          </p>
        )}
        <SameAs
          api={`POST /api/projects/${project}/datasets/${dataset}/preview-recipe`}
          cli={`orrery data preview --only ${dataset}`}
        />
      </Panel>
      {preview.data ? <Outcome preview={preview.data} /> : !problem && <Skeleton height={300} />}
    </div>
  )
}

function RowsOf({ rows }: { rows: RecipePreview['rows'] }) {
  return (
    <span className="note">
      {count(rows.made)} rows before the split, {count(rows.sampled)} looked at; steps are fitted on {count(rows.train)}{' '}
      of the training part.
    </span>
  )
}

/** What the recipe was tried on, and how old that is. */
function TablesRead({ read }: { read: TriedRecipe['read'] }) {
  return read.map(({ dataset, at, what }, i) => (
    <span key={dataset}>
      {i > 0 && '; '}
      <code>{dataset}</code> as of <Ago at={at} /> ({what})
    </span>
  ))
}

function Outcome({ preview }: { preview: RecipePreview }) {
  const { columns, before, after, fitted } = preview
  const changed = columns.filter((column) => column.changed)
  const learnedOf = (column: string) =>
    fitted
      .filter((one) => one.column === column)
      .map(
        ({ what, learned }) =>
          `${what}: ${Object.entries(learned)
            .map(([key, value]) => `${key} ${shown(value)}`)
            .join(', ')}`,
      )
      .join('; ')
  return (
    <>
      <Panel title="What changes" note={`${count(changed.length)} of ${count(columns.length)} columns`}>
        {changed.length === 0 ? (
          <Empty title="Nothing changes">
            Write a step above: what it does to each column is drawn here, before and after.
          </Empty>
        ) : (
          <div className="scroll-x">
            <table>
              <thead>
                <tr>
                  <th scope="col">column</th>
                  <th scope="col">before</th>
                  <th scope="col">after</th>
                  <th scope="col">learned from the training rows</th>
                </tr>
              </thead>
              <tbody>
                {changed.map((column) => (
                  <tr key={column.name}>
                    <td>
                      <code>{column.name}</code>
                    </td>
                    <td>{column.before ? <Shape shape={column.before} /> : <span className="note">new</span>}</td>
                    <td>{column.after ? <Shape shape={column.after} /> : <span className="note">gone</span>}</td>
                    <td className="note">{learnedOf(column.name)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </Panel>
      <Rows title="Records before" table={before} />
      <Rows title="What the model sees" table={after} />
    </>
  )
}

const shown = (value: string | number | null) =>
  typeof value === 'number' ? String(Number(value.toPrecision(4))) : (value ?? 'missing')

/** A histogram, or the most frequent values, with what is missing. */
function Shape({ shape }: { shape: ColumnShape }) {
  const total =
    shape.missing + (shape.numbers?.counts ?? shape.top?.map((one) => one.count) ?? []).reduce((a, b) => a + b, 0)
  const missing = shape.missing > 0 && (
    <span className="note"> {percent(shape.missing / Math.max(1, total))} missing</span>
  )
  if (shape.numbers) {
    const { counts, min, max, mean } = shape.numbers
    const most = Math.max(...counts, 1)
    return (
      <figure className="shape">
        <svg
          viewBox="0 0 100 28"
          width="140"
          height="40"
          role="img"
          aria-label={`from ${shown(min)} to ${shown(max)}, mean ${shown(mean)}`}
        >
          {counts.map((bar, i) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a bar is its place.
            <rect key={i} x={i * 5} width={4.4} y={28 - (27 * bar) / most} height={(27 * bar) / most} />
          ))}
        </svg>
        <figcaption className="note">
          {shown(min)} … {shown(max)}
          {missing}
        </figcaption>
      </figure>
    )
  }
  return (
    <span>
      {(shape.top ?? []).slice(0, 4).map((one) => (
        <span key={one.value} className="note">
          {one.value} {count(one.count)}{' '}
        </span>
      ))}
      {shape.distinct > 4 && <span className="note">of {count(shape.distinct)}</span>}
      {missing}
    </span>
  )
}

function Rows({ title, table }: { title: string; table: RecipePreview['before'] }) {
  return (
    <Panel title={title} note={`the first ${count(table.rows.length)} rows`}>
      <div className="scroll-x">
        <table>
          <thead>
            <tr>
              {table.columns.map((column) => (
                <th key={column} scope="col">
                  {column}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {table.rows.map((row, i) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: rows have no name.
              <tr key={i}>
                {row.map((cell, k) => (
                  <td key={table.columns[k]} className={typeof cell === 'number' ? 'number' : undefined}>
                    {cell === null ? <span className="note">missing</span> : shown(cell)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  )
}
