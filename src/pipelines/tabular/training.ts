import type { BuiltinTraining, CommandTraining } from '#projects/contract'

/** What trains: the embedded learners, or a user's own command that has left its model by now. */
export type TrainingPlan = BuiltinTraining | (CommandTraining & { onnx: string })
