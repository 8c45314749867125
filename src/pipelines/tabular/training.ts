import type { BuiltinTraining, CommandTraining } from '#projects/contract'
import type { Signature } from '#runtime/contract'
import type { PictureModel } from '../pictures/picture-model.ts'

/** The ONNX file that a command left, and the versions of what made it. */
export interface LeftByCommand {
  onnx: string
  environment: Record<string, string>
  /** How it takes pictures, where it does. */
  pictures?: PictureModel | undefined
  /** JSON: how the columns were prepared that it was trained on, where they were. */
  preparation?: string | undefined
}

/** A model that somebody trained elsewhere, and that is packaged. */
export interface GivenModel {
  /** `model@version`. */
  name: string
  onnx: string
  signature: Signature
  /** Folder of Python environments, for one that Python answers for. */
  environments: string
  with: { maximize?: string | undefined; minimize?: string | undefined }
}

/** What trains: the embedded learners, or a user's own command that has left its model by now; or what is given. */
export type TrainingPlan = BuiltinTraining | (Omit<CommandTraining, 'environment'> & LeftByCommand) | GivenModel
