import { describe, expect, it } from 'vitest'
import { readMlModel } from './mlmodel.ts'

const file = (inputs: unknown, more = '') => `
flavors:
  python_function:
    loader_module: mlflow.sklearn
    python_version: 3.11.7
  sklearn:
    pickled_model: model.pkl
${more}
signature:
  inputs: '${JSON.stringify(inputs)}'
  outputs: '[{"type": "string", "name": "churn"}]'
`
const COLUMNS = [
  { type: 'long', name: 'age', required: true },
  { type: 'string', name: 'plan', required: true },
]
const tensor = (shape: number[], dtype = 'float64', name?: string) => ({
  type: 'tensor',
  ...(name && { name }),
  'tensor-spec': { dtype, shape },
})

describe('the MLmodel of a logged model', () => {
  it('tells its flavor, its Python, its columns and what the answer is called', () => {
    expect(readMlModel(file(COLUMNS))).toEqual({
      flavor: 'sklearn',
      onnx: null,
      python: '3.11',
      columns: [
        { name: 'age', type: 'long' },
        { name: 'plan', type: 'string' },
      ],
      dtype: null,
      label: 'churn',
      example: null,
    })
  })

  it('calls the columns of a matrix by their place', () => {
    expect(readMlModel(file([tensor([-1, 2])]))).toMatchObject({
      columns: [
        { name: 'x0', type: 'double' },
        { name: 'x1', type: 'double' },
      ],
      dtype: 'float64',
    })
  })

  it('takes named tensors of one column each as columns', () => {
    expect(readMlModel(file([tensor([-1, 1], 'float32', 'a'), tensor([-1], 'int64', 'b')]))).toMatchObject({
      columns: [
        { name: 'a', type: 'float' },
        { name: 'b', type: 'long' },
      ],
      dtype: null,
    })
  })

  it.each([
    ['an image', [tensor([-1, 28, 28])], 'where rows of columns are served'],
    ['a date', [{ type: 'datetime', name: 'when' }], 'is of type datetime'],
    ['the same name twice', [COLUMNS[0], COLUMNS[0]], 'two of its columns are called "age"'],
    ['no column', [], 'its signature cannot be read'],
    ['2,001 columns', [tensor([-1, 2001])], 'where rows of columns are served'],
  ])('refuses %s', (_, inputs, reason) => {
    expect(() => readMlModel(file(inputs))).toThrow(reason)
  })

  it('takes 2,000 columns', () => {
    expect(readMlModel(file([tensor([-1, 2000])])).columns).toHaveLength(2000)
  })

  it('leaves to Python what nothing converts, and says when there is no Python either', () => {
    const own = 'flavors: {python_function: {loader_module: mlflow.pyfunc.model}}'
    const signature = `signature: {inputs: '${JSON.stringify(COLUMNS)}'}`
    expect(readMlModel(`${own}\n${signature}`).flavor).toBe('python_function')
    expect(readMlModel(`flavors: {pytorch: {}, python_function: {}}\n${signature}`).flavor).toBe('python_function')
    expect(() => readMlModel(`flavors: {pytorch: {}}\n${signature}`)).toThrow('its flavor is pytorch')
  })

  it('wants a signature', () => {
    expect(() => readMlModel('flavors: {sklearn: {}}')).toThrow('logged without a signature')
  })

  it.each([
    ['no YAML', 'a: [', 'no YAML that can be read'],
    ['a text', 'hello', 'not in the format of MLflow'],
    ['a signature that is no JSON', 'flavors: {sklearn: {}}\nsignature: {inputs: "[{"}', 'its signature is no JSON'],
    ['more than 1 MiB', `# ${'x'.repeat(1024 * 1024)}`, 'larger than 1 MiB'],
    [
      'a billion laughs',
      `a: &a [1, 1]\n${[...'bcdefghijk'].map((one, i) => `${one}: &${one} [*${'abcdefghij'[i]}, *${'abcdefghij'[i]}]`).join('\n')}\nflavors: *k`,
      'no YAML that can be read',
    ],
    [
      'a file outside of the model',
      `flavors: {onnx: {data: ../../secret}}\nsignature: {inputs: '${JSON.stringify(COLUMNS)}'}`,
      'outside of the model',
    ],
  ])('refuses %s', (_, text, reason) => {
    expect(() => readMlModel(text)).toThrow(reason)
  })
})
