import { signed } from '../shell/numbers.ts'

/** What each feature pushed the answer by: to the right up, to the left down. */
export function Contributions({
  contributions,
}: {
  contributions: readonly { feature: string; value: string; contribution: number }[]
}) {
  const ordered = [...contributions].sort((a, b) => Math.abs(b.contribution) - Math.abs(a.contribution))
  const most = Math.abs(ordered[0]?.contribution ?? 0) || 1
  return (
    <table className="contributions">
      <thead>
        <tr>
          <th>feature</th>
          <th className="n">value</th>
          <th>pushed the answer</th>
          <th className="n">by</th>
        </tr>
      </thead>
      <tbody>
        {ordered.map(({ feature, value, contribution }) => (
          <tr key={feature}>
            <th scope="row">{feature}</th>
            <td className="n">{value}</td>
            <td className="push">
              <span>
                <i
                  className={contribution < 0 ? 'down' : 'up'}
                  style={{ width: `${(Math.abs(contribution) / most) * 50}%` }}
                />
              </span>
            </td>
            <td className="n">{signed(contribution)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
