/** Exit codes a script can trust. */
export const DONE = 0
export const ANSWER_IS_NO = 1
export const WRONG_USE = 2
export const COULD_NOT = 3
