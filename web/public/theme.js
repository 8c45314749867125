try {
  const theme = localStorage.getItem('orrery.theme')
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme
} catch {
  // Storage may be forbidden; the system's theme is then the one that counts.
}
