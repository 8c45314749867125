/** Light, dark, or as the system says. `public/theme.js` applies the choice before the first paint. */
export type Theme = 'system' | 'light' | 'dark'

const KEY = 'orrery.theme'

export function chosenTheme(): Theme {
  const theme = document.documentElement.dataset.theme
  return theme === 'light' || theme === 'dark' ? theme : 'system'
}

export function chooseTheme(theme: Theme): void {
  if (theme === 'system') {
    delete document.documentElement.dataset.theme
    localStorage.removeItem(KEY)
  } else {
    document.documentElement.dataset.theme = theme
    localStorage.setItem(KEY, theme)
  }
}

/** To the other one than is seen now. */
export function otherTheme(): Theme {
  const seen = chosenTheme()
  const dark = seen === 'dark' || (seen === 'system' && matchMedia('(prefers-color-scheme: dark)').matches)
  return dark ? 'light' : 'dark'
}
