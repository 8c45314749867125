import { Link } from 'react-router'
import type { RunModel } from '#tracking/contract'
import { count } from '../shell/numbers.ts'
import { Ago, Badge, Panel, State, type Tone } from '../shell/parts.tsx'
import { paths } from '../shell/paths.ts'
import { inputsOf, registeredAs } from './tag-words.ts'

const MODEL_TONES: Record<RunModel['status'], Tone> = { pending: 'busy', ready: 'ok', failed: 'bad' }

/** The models that a run logged, and what they were registered as. */
export function ModelsPanel({ models, project }: { models: readonly RunModel[]; project: string }) {
  if (models.length === 0) return null
  return (
    <Panel title="Models it logged" className="span-6 stretch">
      <div className="scroll">
        <table>
          <thead>
            <tr>
              <th>model</th>
              <th>kind</th>
              <th>status</th>
              <th>registered as</th>
              <th>made</th>
            </tr>
          </thead>
          <tbody>
            {models.map((model) => (
              <tr key={model.id} data-row>
                <td className="nowrap" title={model.id}>
                  {model.name}
                </td>
                <td className="nowrap">{model.type || '–'}</td>
                <td>
                  <State tone={MODEL_TONES[model.status]}>{model.status}</State>
                </td>
                <td>
                  {registeredAs(model.tags).map(({ name, version }) => (
                    <div key={`${name} ${version}`}>
                      <Link to={paths.version(project, name, version)}>
                        {name} v{version}
                      </Link>
                    </div>
                  ))}
                  {registeredAs(model.tags).length === 0 && <span className="note">not yet</span>}
                </td>
                <td className="nowrap">
                  <Ago at={model.createdAt} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  )
}

/** The datasets that a run was given. */
export function InputsPanel({ tags }: { tags: Readonly<Record<string, string>> }) {
  const inputs = inputsOf(tags)
  if (inputs.length === 0) return null
  return (
    <Panel title="Data it was given" className="span-6 stretch">
      <ul className="inputs">
        {inputs.map((input) => (
          <li key={`${input.name} ${input.digest}`}>
            <p>
              <b>{input.name}</b> <span className="mono note">{input.digest}</span>{' '}
              {input.context && <Badge>{input.context}</Badge>}
            </p>
            <p className="note">
              {Object.entries(input.profile)
                .filter(([, value]) => typeof value === 'number')
                .map(([key, value]) => `${count(Number(value))} ${key.replace(/^num_/, '')}`)
                .concat(input.sourceType ? [`from ${input.sourceType}`] : [])
                .join(' · ')}
            </p>
            {input.columns.length > 0 && (
              <details>
                <summary className="note">{count(input.columns.length)} columns</summary>
                <p className="mono column-words">
                  {input.columns.map(({ name, type }) => `${name}: ${type}`).join(', ')}
                </p>
              </details>
            )}
          </li>
        ))}
      </ul>
    </Panel>
  )
}
