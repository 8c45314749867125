import type { DataWarning, SplitDescriptor } from '../contract.ts'

const WORDS = {
  exact: { code: 'ORRERY_DATA_SPLIT_DUPLICATES', what: 'are the same in every feature as one of' },
  near: { code: 'ORRERY_DATA_SPLIT_NEAR_DUPLICATES', what: 'differ in hardly a cell from one of' },
}

/**
 * What of it a person has to know. A key that is met again later in time is how a panel is, and no fault of a split by time.
 */
export function overlapWarnings(split: SplitDescriptor | null): DataWarning[] {
  const { overlap, by } = split ?? {}
  return (overlap?.crossings ?? []).flatMap((one): DataWarning[] => {
    const { kind, from, to, column, rows, share, examples } = one
    const many = `${rows.toLocaleString('en-US')} rows of ${to} (${percent(share)}${overlap!.exact || kind === 'key' ? '' : ' of those looked at'})`
    const such = examples.map(({ row, like, value }) => `${row} and ${like}${value === null ? '' : ` ("${value}")`}`)
    const rowsSuch = `rows ${such.join('; ')}`
    if (kind === 'key') {
      if (by === 'time') return []
      return [
        {
          code: 'ORRERY_DATA_SPLIT_KEYS_CROSS',
          message: `${many} have a "${column}" that ${from} has too, such as ${rowsSuch}.`,
          hint: `A model that knows them from ${from} looks better than it is: split \`by: group\` with \`column: ${column}\`.`,
        },
      ]
    }
    const { code, what } = WORDS[kind]
    return [
      {
        code,
        message: `${many} ${what} ${from}, such as ${rowsSuch}.`,
        hint:
          by === 'group' || by === 'hash'
            ? 'Ask where copies come from, and drop them at the source: they are judged as if they were new.'
            : 'Drop copies at the source, or split `by: group` with the column they share: they are judged as if they were new.',
      },
    ]
  })
}

const percent = (share: number) => `${Number((share * 100).toPrecision(2))} %`
