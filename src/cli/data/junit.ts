import { fails, type TestedDataset } from './tested.ts'

/** The results as JUnit XML, which every CI shows: a suite for each data set, a case for each expectation. */
export function junit(project: string, tested: readonly TestedDataset[]): string {
  const suites = tested.map(({ dataset, results, error, seconds }) => {
    const cases = error
      ? [
          `    <testcase name="the table can be read" classname="${xml(dataset)}"><error message="${xml(error.message)}" type="${error.code}"/></testcase>`,
        ]
      : results.map((result) => {
          const open = `    <testcase name="${xml(result.expectation)}" classname="${xml(dataset)}"`
          if (result.passed) return `${open}/>`
          if (fails(result, false))
            return `${open}><failure message="${xml(result.observed)}" type="${result.skew ?? 'value'} skew"/></testcase>`
          return `${open}><system-out>${xml(result.observed)}</system-out></testcase>`
        })
    const failures = error ? 0 : results.filter((one) => fails(one, false)).length
    return [
      `  <testsuite name="${xml(`${project}.${dataset}`)}" tests="${cases.length}" failures="${failures}" errors="${error ? 1 : 0}" time="${seconds.toFixed(3)}">`,
      ...cases,
      '  </testsuite>',
    ].join('\n')
  })
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n${suites.join('\n')}\n</testsuites>\n`
}

/** Text for XML 1.0, which has no place for most control characters. */
function xml(text: string): string {
  const plain = [...text].filter((char) => char >= ' ' || char === '\t' || char === '\n').join('')
  return plain.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}
