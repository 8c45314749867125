import { describe, expect, it } from 'vitest'
import { conversionRequirements } from './requirements.ts'

describe('the requirements of a conversion', () => {
  it('are the model’s own, with the converters', () => {
    expect(
      conversionRequirements('# made by mlflow\nmlflow==3.17.2\nnumpy<3,>=2 # why\n', 'sklearn').split('\n'),
    ).toEqual(['mlflow==3.17.2', 'numpy<3,>=2', ...['mlflow', 'skl2onnx', 'onnxruntime', '']])
  })

  it('know that a pipeline may end in a booster', () => {
    expect(conversionRequirements('lightgbm==4.7.0', 'sklearn')).toContain('onnxmltools')
  })

  it.each(['scikit-learn', 'a[b,c]~=1.2', 'a == 1.* ; python_version < "3.12"', 'pandas>=2,<3', 'a!=1.0+cpu'])(
    'take %s',
    (line) => {
      expect(conversionRequirements(line, 'lightgbm')).toContain(line)
    },
  )

  it.each([
    '--index-url http://127.0.0.1:1/simple',
    '-e .',
    '-r other.txt',
    'a @ https://example.org/a.whl',
    'git+https://example.org/a.git',
    './a.whl',
    '/etc/passwd',
    'file:///a.whl',
    'a; $(touch /tmp/x) @ http://a',
  ])('refuse %s', (line) => {
    expect(() => conversionRequirements(`numpy\n${line}`, 'sklearn')).toThrow('requirements.txt asks for')
  })

  it('refuse a list without end', () => {
    expect(() => conversionRequirements('a\n'.repeat(501), 'sklearn')).toThrow('501 lines')
    expect(conversionRequirements('a\n'.repeat(500), 'sklearn')).toContain('a\n')
  })
})
