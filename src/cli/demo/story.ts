/** How the demo tells what happens: the same happenings for people at a terminal, for log files and for programs. */
export interface Story {
  /** A new part of the life of a model. */
  chapter(number: number, title: string): void
  tell(happening: Happening): void
  /** Where things stand; told as often as it helps, and no oftener. */
  progress(progress: Progress): void
  /** Work whose end will be told: a spinner where there is one. */
  working(what: string): void
  close(): void
}

export interface Happening {
  /** Its name for programs: `alert_opened`. */
  readonly event: string
  /** One line for people. */
  readonly text: string
  readonly mark?: 'good' | 'bad' | 'look' | undefined
  /** The day in the world, `YYYY-MM-DD`, once it has begun. */
  readonly day?: string | undefined
  /** Further lines for people. */
  readonly more?: readonly string[] | undefined
  /** What programs are told beside the text. */
  readonly data?: Readonly<Record<string, unknown>> | undefined
}

/** One period of the monitors, for the chart. */
export interface Point {
  readonly value: number | null
  readonly reference: number | null
  readonly champion: number
}

export interface Progress {
  readonly day: string
  readonly asked: number
  readonly rows: number
  readonly failed: number
  readonly perSecond: number
  readonly elapsedMs: number
  readonly champion: number | null
  readonly canary: { readonly version: number; readonly share: number } | null
  readonly metric: string
  readonly windowMs: number | null
  readonly retrainings: number
  readonly promotions: number
  readonly rollbacks: number
  readonly openAlerts: number
  readonly points: readonly Point[]
  /** What the loop does while the world waits. */
  readonly work: string
}
