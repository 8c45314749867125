/** The token of this browser, for servers that ask who it is. On loopback none is needed. */
const KEY = 'orrery.token'

export function rememberToken(token: string): void {
  sessionStorage.setItem(KEY, token)
}

export function forgetToken(): void {
  sessionStorage.removeItem(KEY)
}

export const readToken = () => sessionStorage.getItem(KEY)

export const holdsToken = () => sessionStorage.getItem(KEY) !== null

export const fetchWithToken: typeof fetch = (input, init) => {
  const token = sessionStorage.getItem(KEY)
  if (!token) return fetch(input, init)
  const headers = new Headers(init?.headers)
  headers.set('authorization', `Bearer ${token}`)
  return fetch(input, { ...init, headers })
}
