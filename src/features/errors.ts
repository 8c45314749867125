import { OrreryError } from '#platform/errors'

const listed = (names: readonly string[]) => names.slice(0, 12).join(', ') + (names.length > 12 ? ', …' : '')

export class ViewUnknown extends OrreryError {
  constructor(project: string, view: string, views: readonly string[]) {
    super({
      code: 'ORRERY_FEATURES_VIEW_UNKNOWN',
      status: 404,
      message: `Project "${project}" has no feature view "${view}".`,
      hint: views.length > 0 ? `There is ${listed(views)}.` : 'Declare one under `features:` in its orrery.yaml.',
    })
  }
}

export class QueryRefused extends OrreryError {
  constructor(view: string, why: string, hint: string) {
    super({
      code: 'ORRERY_FEATURES_QUERY_REFUSED',
      status: 422,
      message: `The query of "${view}" is refused: ${why}.`,
      hint,
      details: { view },
    })
  }
}

export class ViewColumnMissing extends OrreryError {
  constructor(view: string, column: string, columns: readonly string[]) {
    super({
      code: 'ORRERY_FEATURES_COLUMN_MISSING',
      status: 422,
      message: `"${view}" needs a column "${column}", which what it reads does not have.`,
      hint: `It has ${listed(columns)}. Correct the name under \`features.${view}\`, or give it in \`sql\`.`,
      details: { view, column },
    })
  }
}

export class ViewColumnMistyped extends OrreryError {
  constructor(view: string, column: string, wanted: string, found: string) {
    super({
      code: 'ORRERY_FEATURES_COLUMN_MISTYPED',
      status: 422,
      message: `"${column}" of "${view}" holds ${found}, where ${wanted} is expected.`,
      hint: 'Correct its type under `features`, or convert it in `sql`.',
      details: { view, column },
    })
  }
}

export class FrameColumnMissing extends OrreryError {
  constructor(column: string, why: string, columns: readonly string[]) {
    super({
      code: 'ORRERY_FEATURES_FRAME_COLUMN_MISSING',
      status: 422,
      message: `The frame of entities has no column "${column}", ${why}.`,
      hint: `Send it with every row; there is ${listed(columns)}.`,
      details: { column },
    })
  }
}

export class FrameColumnMistyped extends OrreryError {
  constructor(column: string, view: string, wanted: string, found: string) {
    super({
      code: 'ORRERY_FEATURES_FRAME_COLUMN_MISTYPED',
      status: 422,
      message: `"${column}" of the frame holds ${found}, where "${view}" takes ${wanted}.`,
      hint: `Convert it, or correct its type under \`on_demand.request\` of features.${view}.`,
      details: { column, view },
    })
  }
}

export class FrameTimeUnreadable extends OrreryError {
  constructor(column: string, row: number, value: string) {
    super({
      code: 'ORRERY_FEATURES_FRAME_TIME_UNREADABLE',
      status: 422,
      message: `${JSON.stringify(value.slice(0, 60))} in row ${row + 1} of "${column}" is no time.`,
      hint: 'Write it as 2025-03-01T09:30:00Z, 2025-03-01 or milliseconds since 1970.',
      details: { column, row },
    })
  }
}

export class FrameUnreadable extends OrreryError {
  constructor(reason: string) {
    super({
      code: 'ORRERY_FEATURES_FRAME_UNREADABLE',
      status: 422,
      message: `The frame of entities is no Parquet file that can be read: ${reason}.`,
      hint: 'Send the bytes of one Parquet file, whole, with a row for each entity and time.',
    })
  }
}

export class FrameTooLarge extends OrreryError {
  constructor(limit: number) {
    super({
      code: 'ORRERY_FEATURES_FRAME_TOO_LARGE',
      status: 413,
      message: `The frame of entities is larger than ${limit / 2 ** 30} GiB.`,
      hint: 'Send it in parts, or make it a data set and join that: POST /api/features/join.',
    })
  }
}

export class FeatureNameTaken extends OrreryError {
  constructor(column: string, view: string) {
    super({
      code: 'ORRERY_FEATURES_NAME_TAKEN',
      status: 422,
      message: `The feature "${column}" of "${view}" would stand beside another column of that name.`,
      hint: 'Ask for full names (`view__column`), or rename one of the two.',
      details: { column, view },
    })
  }
}

export class EntityMissing extends OrreryError {
  constructor(row: number, key: string, views: readonly string[]) {
    super({
      code: 'ORRERY_FEATURES_ENTITY_MISSING',
      status: 400,
      message: `Entity ${row} has no key "${key}", which ${listed(views)} is kept by.`,
      hint: 'Give every key of the views asked for, as text or a number.',
      details: { row, key },
    })
  }
}

export class RequestValueMissing extends OrreryError {
  constructor(row: number, value: string, view: string) {
    super({
      code: 'ORRERY_FEATURES_REQUEST_VALUE_MISSING',
      status: 400,
      message: `Entity ${row} has no "${value}", which "${view}" is computed from.`,
      hint: 'Send it with the keys; null says that it is not known.',
      details: { row, value, view },
    })
  }
}

export class RequestValueMistyped extends OrreryError {
  constructor(row: number, value: string, wanted: string) {
    super({
      code: 'ORRERY_FEATURES_REQUEST_VALUE_MISTYPED',
      status: 400,
      message: `"${value}" of entity ${row} is not ${wanted}.`,
      hint: 'Send numbers without quotes, and times as 2025-03-01T09:30:00Z or ms since 1970; null for what is not known.',
      details: { row, value },
    })
  }
}

export class ViewComputed extends OrreryError {
  constructor(view: string) {
    super({
      code: 'ORRERY_FEATURES_VIEW_COMPUTED',
      status: 409,
      message: `"${view}" is computed when it is asked for: nothing of it is kept.`,
      hint: 'Name the views that it is computed from.',
      details: { view },
    })
  }
}

export class RowNotAccepted extends OrreryError {
  constructor(view: string, row: number, why: string, hint: string) {
    super({
      code: 'ORRERY_FEATURES_ROW_NOT_ACCEPTED',
      status: 422,
      message: `Row ${row} for "${view}" is not accepted: ${why}.`,
      hint,
      details: { view, row },
    })
  }
}

export class ViewNotOnline extends OrreryError {
  constructor(view: string) {
    super({
      code: 'ORRERY_FEATURES_VIEW_NOT_ONLINE',
      status: 409,
      message: `"${view}" is not kept online.`,
      hint: `Remove \`online: false\` from features.${view}, or ask for it with a time.`,
      details: { view },
    })
  }
}

export class StreamEmpty extends OrreryError {
  constructor(view: string, stream: string) {
    super({
      code: 'ORRERY_FEATURES_STREAM_EMPTY',
      status: 409,
      message: `Nothing has come through the stream ${stream} for "${view}" yet.`,
      hint: 'See on its page, or with `orrery features list`, whether it is connected and what it set aside.',
      details: { view, stream },
    })
  }
}

export class ViewNotStreamed extends OrreryError {
  constructor(view: string) {
    super({
      code: 'ORRERY_FEATURES_VIEW_NOT_STREAMED',
      status: 404,
      message: `"${view}" is not fed from a stream.`,
      hint: 'Only views with `stream:` set messages aside.',
      details: { view },
    })
  }
}

export class OnlineStoreUnknown extends OrreryError {
  constructor(address: string) {
    super({
      code: 'ORRERY_FEATURES_ONLINE_STORE_UNKNOWN',
      status: 400,
      message: `Online features cannot be kept at ${address.replace(/:[^:@/]+@/, ':***@')}.`,
      hint: 'Name a redis://, rediss:// or postgres:// address, or none for the server’s own database.',
    })
  }
}

export class OnlineStoreUnreachable extends OrreryError {
  constructor(host: string, cause: unknown) {
    super({
      code: 'ORRERY_FEATURES_ONLINE_STORE_UNREACHABLE',
      status: 503,
      message: `The store of the online features at ${host} does not answer (${cause instanceof Error ? cause.message || cause.name : cause}).`,
      hint: 'Start it, or correct ORRERY_ONLINE_STORE; nothing that was acknowledged is asked of you again.',
      cause,
    })
  }
}

export class JobUnknown extends OrreryError {
  constructor(id: string) {
    super({
      code: 'ORRERY_FEATURES_JOB_UNKNOWN',
      status: 404,
      message: `There is no features job ${id}.`,
      hint: 'Use the id that starting it returned.',
    })
  }
}
