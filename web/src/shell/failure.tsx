import { useQueryClient } from '@tanstack/react-query'
import { Component, type ReactNode, useState } from 'react'
import { ClientError } from '#platform/http/contract'
import { Command } from './parts.tsx'
import { rememberToken } from './token.ts'

interface Told {
  code: string
  message: string
  hint: string
}

/** Every failure in the same three parts: code, cause, what to do. */
export function tell(error: unknown): Told {
  if (error instanceof ClientError) return { code: error.code, message: error.message, hint: error.hint }
  const message = error instanceof Error ? error.message : String(error)
  return { code: 'ORRERY_UI_FAILED', message, hint: 'Reload the page; if it happens again, report it with this text.' }
}

export function Failure({ error, again }: { error: unknown; again?: () => void }) {
  const { code, message, hint } = tell(error)
  if (error instanceof ClientError && error.status === 401) return <TokenForm hint={hint} />
  const command = hint.match(/`([^`]+)`/)?.[1]
  return (
    <div className="failure" role="alert">
      <p className="failure-code">{code}</p>
      <p className="failure-message">{message}</p>
      <p className="failure-hint">{hint.replaceAll('`', '')}</p>
      <div className="failure-actions">
        {command?.startsWith('orrery') && !command.includes('<') && <Command text={command} />}
        {again && (
          <button type="button" className="button" onClick={again}>
            Try again
          </button>
        )}
      </div>
    </div>
  )
}

/** A failed action, beside the button that asked for it. */
export function InlineFailure({ error }: { error: unknown }) {
  const { code, message, hint } = tell(error)
  return (
    <p className="inline-failure" role="alert">
      <b>{code}</b> {message} <span className="note">{hint.replaceAll('`', '')}</span>
    </p>
  )
}

function TokenForm({ hint }: { hint: string }) {
  const queries = useQueryClient()
  const [token, setToken] = useState('')
  return (
    <form
      className="failure token"
      onSubmit={(event) => {
        event.preventDefault()
        rememberToken(token.trim())
        void queries.resetQueries()
      }}
    >
      <p className="failure-message">This server wants to know who you are.</p>
      <p className="failure-hint">{hint.replaceAll('`', '')}</p>
      <label>
        Token
        <input type="password" autoComplete="off" required value={token} onChange={(e) => setToken(e.target.value)} />
      </label>
      <button type="submit" className="button go">
        Continue
      </button>
      <p className="note">Kept in this tab only.</p>
    </form>
  )
}

/** A page that breaks says so in its own place; the rest of the window goes on. */
export class FailureBoundary extends Component<
  { children: ReactNode; place: string },
  { error: unknown; place: string }
> {
  override state: { error: unknown; place: string } = { error: null, place: this.props.place }

  static getDerivedStateFromError(error: unknown) {
    return { error }
  }

  static getDerivedStateFromProps(props: { place: string }, state: { place: string }) {
    return props.place === state.place ? null : { error: null, place: props.place }
  }

  override render() {
    if (this.state.error) return <Failure error={this.state.error} again={() => this.setState({ error: null })} />
    return this.props.children
  }
}
