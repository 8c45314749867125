import type { ExportForm } from '#exports/contract'
import type { PackagedVersion } from '#registry/contract'
import { Command, Panel } from '../shell/parts.tsx'

const FORMS: readonly (readonly [form: ExportForm, what: string])[] = [
  ['npm', 'for JavaScript'],
  ['python', 'for Python'],
  ['oci', 'to build an image of'],
]

/** The version as a dependency: one archive a form, and the command that brings the same. */
export function TakeAlongPanel({ version: { model, version } }: { version: PackagedVersion }) {
  const at = `/api/models/${encodeURIComponent(model)}/versions/${version}/export?as=`
  return (
    <Panel title="Take it along" note="the same answers without this server">
      <p className="buttons">
        {FORMS.map(([form, what]) => (
          <a key={form} className="button" href={`${at}${form}`} download title={`A package ${what}`}>
            {form === 'oci' ? 'image' : form}
          </a>
        ))}
      </p>
      <Command text={`orrery export ${model}@${version} --as npm`} />
    </Panel>
  )
}
