/** What lies between a raw record and what a model sees, the same in DuckDB and in ONNX. */

export { compileColumns, type GivenColumn } from './columns.ts'
export { ExpressionInvalid, StepInvalid } from './errors.ts'
export { evaluator, type Values } from './evaluate.ts'
export { compileCondition, compileExpression, type Expression, FUNCTIONS, readExpression } from './expression.ts'
export { type Answer, type Ask, type Counts, fitRecipe, type Question } from './fit.ts'
export { depthsOf, kindOf, type Node, operandsOf, type Program, ProgramBuilder, programOf } from './program.ts'
export { type Fitted, PACKAGE_STEPS, type PackageStep, type Preparation, TABLE_STEPS } from './recipe.ts'
export { simplify } from './simplify.ts'
export { programSql } from './sql.ts'
