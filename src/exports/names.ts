/** A model's name as npm and the Python index take it: `Price up (v2)` becomes `price-up-v2`. */
export function packageNameOf(model: string): string {
  const plain = model
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 100)
  // A name of a script without Latin letters leaves nothing; and npm refuses two names of its own.
  return plain === '' || plain === 'node-modules' ? `model-${plain || 'export'}` : plain
}

/** The name under which Python imports it: `price_up`. */
export function moduleNameOf(model: string): string {
  const name = packageNameOf(model).replaceAll('-', '_')
  return /^[0-9]/.test(name) || PYTHON_WORDS.has(name) ? `model_${name}` : name
}

/** Words that cannot stand behind `import`. */
const PYTHON_WORDS = new Set(
  'and as assert async await break class continue def del elif else except finally for from global if import in is lambda none nonlocal not or pass raise return true false try while with yield'.split(
    ' ',
  ),
)

/** A version number as both indexes want it: the 8th version is 8.0.0. */
export const semanticVersion = (version: number) => `${version}.0.0`
