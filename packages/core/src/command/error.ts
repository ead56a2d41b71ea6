/**
 * Why a command was refused. `message` is one or two sentences for a person: what happened, to what, why, and what to do
 * next. `code` is stable and for programs.
 */
export interface CommandError {
  readonly code:
    | "unknown-command"
    | "bad-input"
    | "not-found"
    | "ambiguous"
    | "not-allowed"
    | "not-legal"
    | "not-saved"
    | "unavailable";
  readonly message: string;
}
