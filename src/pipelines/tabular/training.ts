import type { BuiltinTraining, CommandTraining } from '#projects/contract'

/** The ONNX file that a command left, and the versions of what made it. */
export interface LeftByCommand {
  onnx: string
  environment: Record<string, string>
}

/** What trains: the embedded learners, or a user's own command that has left its model by now. */
export type TrainingPlan = BuiltinTraining | (Omit<CommandTraining, 'environment'> & LeftByCommand)
