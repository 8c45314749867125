/** What was looked at, what was found, and what to do about it. `warn` limits what works; `bad` keeps it from working. */
export interface Check {
  readonly name: string
  readonly state: 'good' | 'warn' | 'bad'
  readonly found: string
  readonly fix?: string
}

export const good = (name: string, found: string): Check => ({ name, state: 'good', found })
export const warn = (name: string, found: string, fix: string): Check => ({ name, state: 'warn', found, fix })
export const bad = (name: string, found: string, fix: string): Check => ({ name, state: 'bad', found, fix })
